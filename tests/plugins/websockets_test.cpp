// The opening handshake of a WebSocket.
#include <catch2/catch.hpp>

#include "plugins/websockets/handshake.h"

using namespace mortise::websockets;

TEST_CASE("the key of RFC 6455 is accepted as it says") {
  CHECK(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("of several subprotocols the first one is chosen") {
  CHECK(first_protocol("chat") == "chat");
  CHECK(first_protocol(" chat , other") == "chat");
  CHECK(first_protocol("") == "");
}
