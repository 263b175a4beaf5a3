// The moment when a response leaves its core: its head is sent, and the connection changes hands.
#pragma once

#include <uwsgi.h>

namespace mortise::offload {

// Whether the rest of the response, len bytes (0: until the end of the connection), can be sent as it is. A
// head that waits is completed and sent. [request]
bool send_head(wsgi_request *request, size_t len);

}  // namespace mortise::offload
