// The opening handshake (RFC 6455 §4.2): a request becomes a WebSocket.
#pragma once

#include <uwsgi.h>

#include <string>
#include <string_view>

namespace mortise::websockets {

// What proves to the client that the server understood it (§4.2.2).
std::string accept_key(std::string_view key);

// The subprotocol to answer with: the first that the client offers.
std::string_view first_protocol(std::string_view offered);

struct Wanted {
  std::string_view key, origin, protocol;  // empty: as the request says
};
// Answers 101: true. Where the request asks for no WebSocket of this version, the log says why, and nothing
// was sent but 426 for another version.
bool shake_hands(wsgi_request *, Wanted wanted);

}  // namespace mortise::websockets
