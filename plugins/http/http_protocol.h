// The protocols that workers speak: "http" on --http-socket, and "http-gateway" on the private sockets
// between the gateway and the workers, where heads are uwsgi packets and everything else is HTTP/1.1.
#pragma once

#include <uwsgi.h>

namespace mortise::http {

constexpr char kGatewayProtocol[] = "http-gateway";

// [load]
void register_protocols();

}  // namespace mortise::http
