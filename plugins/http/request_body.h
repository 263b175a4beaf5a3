// The body of a request as a worker reads it: chunks decoded, "100 Continue" sent when the application first
// asks.
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise::http {

// proto_read_body: at most len bytes, 0 at the end, -1 with errno. [request]
ssize_t read_body(wsgi_request *request, char *buf, size_t len);

// False when the client waits for a "100 Continue" that it has not been sent: once it has a final answer
// instead, nobody can know whether it still sends the body (RFC 9110 §10.1.1). [request]
bool body_will_end(const wsgi_request *request);

// Why the beginning of a chunked body, as far as it has come, is malformed; nullptr: it is not.
const char *chunk_error(std::string_view bytes);

}  // namespace mortise::http
