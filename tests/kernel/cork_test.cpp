#include "kernel/cork.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "kernel/fd.h"

using namespace mortise;

namespace {

// Both ends of a TCP connection.
struct Ends {
  Fd server, client;
  Ends() {
    Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof address;
    auto *any = reinterpret_cast<sockaddr *>(&address);
    REQUIRE(bind(listener.get(), any, len) == 0);
    REQUIRE(listen(listener.get(), 1) == 0);
    REQUIRE(getsockname(listener.get(), any, &len) == 0);
    client.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(client.get(), any, len) == 0);
    server.reset(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(server);
  }
  bool has_come() const {
    char byte;
    return recv(client.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
  }
};

}  // namespace

TEST_CASE("what a cork holds comes when it is pulled") {
  bool held = false, came = false;
  for (int i = 0; i < 100 && !came; ++i) {  // where the machine is busy the system may send it by itself
    Ends ends;
    Cork cork;
    cork.hold(ends.server.get(), 1000);
    REQUIRE(send(ends.server.get(), "x", 1, 0) == 1);
    held = !ends.has_come();
    i % 2 ? cork.end() : static_cast<void>(cork.pull());
    came = held && ends.has_come();
  }
  CHECK(held);
  CHECK(came);
}

TEST_CASE("a cork says when it held something") {
  Ends ends;
  Cork cork;
  CHECK_FALSE(cork.pull());
  cork.hold(ends.server.get(), 1000);
  CHECK(cork.pull());
  CHECK_FALSE(cork.pull());
  cork.end();
  CHECK_FALSE(cork.due(INT64_MAX));
}

TEST_CASE("a cork holds descriptor 0 as any other") {
  Cork cork;
  cork.hold(0, 1000);
  CHECK(cork.pull());
}

TEST_CASE("the first answer decides how long a cork holds") {
  Ends ends;
  Cork cork;
  CHECK_FALSE(cork.due(UINT64_MAX));
  cork.hold(ends.server.get(), 1000);
  cork.hold(ends.server.get(), 1000 + Cork::kMostUs);
  CHECK_FALSE(cork.due(1000 + Cork::kMostUs - 1));
  CHECK(cork.due(1000 + Cork::kMostUs));
}

TEST_CASE("a full cork is due") {
  Ends ends;
  Cork cork;
  for (int i = 0; i < 15; ++i) cork.hold(ends.server.get(), 1000);
  CHECK_FALSE(cork.full());
  CHECK_FALSE(cork.due(1000));
  cork.hold(ends.server.get(), 1000);
  CHECK(cork.full());
  CHECK(cork.due(1000));
}
