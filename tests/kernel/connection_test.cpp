#include "kernel/connection.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>

using namespace mortise;

namespace {

int open_fd() {
  int fds[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  close(fds[1]);
  return fds[0];
}

}  // namespace

TEST_CASE("a connection belongs to the core that accepted it until it is armed") {
  ConnectionTable table;
  uwsgi_socket socket{};
  Connection &connection = table.add(open_fd(), &socket);
  CHECK_FALSE(connection.take_reported());
  connection.arming();
  CHECK_FALSE(connection.take());  // the sweep must not close it while epoll_ctl is under way
  connection.armed();
  CHECK(connection.take());
  CHECK_FALSE(connection.take_reported());
  table.close(connection);
}

TEST_CASE("an event that is faster than the end of arming wins") {
  ConnectionTable table;
  uwsgi_socket socket{};
  Connection &connection = table.add(open_fd(), &socket);
  connection.arming();
  CHECK(connection.take_reported());
  connection.armed();
  CHECK_FALSE(connection.take_reported());
  table.close(connection);
}

TEST_CASE("only connections whose deadline has passed are overdue") {
  ConnectionTable table;
  uwsgi_socket socket{};
  for (int64_t deadline : {0, 5, 10, 15}) {
    Connection &connection = table.add(open_fd(), &socket);
    connection.deadline_ms = deadline;
    connection.arming();
    connection.armed();
  }
  int closed = 0;
  table.take_overdue(10, [&](Connection &connection) {
    ++closed;
    table.close(connection);
  });
  CHECK(closed == 2);
  CHECK(table.open() == 2);
  table.take_waiting(Phase::kIdle, [&](Connection &connection) { table.close(connection); });
  CHECK(table.open() == 0);
}

TEST_CASE("closed slots are used again") {
  ConnectionTable table;
  uwsgi_socket socket{};
  Connection &first = table.add(open_fd(), &socket);
  first.save("half a head", 11);
  table.close(first);
  Connection &second = table.add(open_fd(), &socket);
  CHECK(&first == &second);
  CHECK(second.saved_len == 0);
  table.close(second);
}

TEST_CASE("the peer's address is kept as text") {
  Connection connection;
  sockaddr_storage address{};
  auto &in = reinterpret_cast<sockaddr_in &>(address);
  in.sin_family = AF_INET;
  in.sin_port = htons(4711);
  inet_pton(AF_INET, "192.0.2.7", &in.sin_addr);
  connection.set_peer(address);
  CHECK(std::string(connection.peer_addr) == "192.0.2.7");
  CHECK(connection.peer_port == 4711);
  address = {};
  address.ss_family = AF_UNIX;
  connection.set_peer(address);
  CHECK(connection.peer_addr_len == 0);
}
