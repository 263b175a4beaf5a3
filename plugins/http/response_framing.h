// How a worker frames a response of HTTP/1.1: the hooks of struct uwsgi_socket that complete the head, cut
// the body into chunks and decide whether the connection is kept. Both protocols of this plugin use them.
#pragma once

#include <uwsgi.h>

namespace mortise::http {

// proto_fix_headers: Date, and what says where the body ends (RFC 9112 §6.3, §9.3). [request]
int complete_head(wsgi_request *request);

// Same for the connection between gateway and worker, where only an exception needs a Connection header.
int complete_head_for_gateway(wsgi_request *request);

// proto_frame: one chunk around len bytes, or the last chunk for len 0 (RFC 9112 §7.1). [request]
int frame_chunk(wsgi_request *request, size_t len, char *before, size_t *before_len, char *after,
                size_t *after_len);

// proto_finish. [request]
int finish_response(wsgi_request *request);

}  // namespace mortise::http
