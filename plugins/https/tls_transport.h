// TLS between the gateway's sockets and HTTP.
#pragma once

#include <mortise/http_gateway.h>

namespace mortise::https {

// Its data is an Address.
extern const uwsgi_http_transport tls_transport;

}  // namespace mortise::https
