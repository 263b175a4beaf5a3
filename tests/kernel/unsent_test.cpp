#include "kernel/unsent.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <uwsgi.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <string>

using namespace mortise;

namespace {

struct Sockets {
  Sockets() {
    signal(SIGPIPE, SIG_IGN);  // as the server does
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
  }
  ~Sockets() { close(fds[0]), close(fds[1]); }
  void receive(std::string &into) {
    char piece[65536];
    for (ssize_t got; (got = read(fds[1], piece, sizeof piece)) > 0;)
      into.append(piece, static_cast<size_t>(got));
  }
  int fds[2];
};

std::string numbered(size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += std::to_string(i) + ' ';
  text.resize(bytes);
  return text;
}

bool add(Unsent &unsent, std::string &text, uint64_t limit, size_t *left = nullptr) {
  iovec part = {text.data(), text.size()}, *iov = &part;
  int count = 1;
  const bool all = unsent.add(iov, count, limit);
  if (left) *left = all ? 0 : iov->iov_len;
  return all;
}

std::string drain(Unsent &unsent, Sockets &sockets) {
  std::string received;
  for (int i = 0; i < 10'000; ++i) {
    const auto sent = unsent.send(sockets.fds[0]);
    REQUIRE(sent != Unsent::Sent::kFailed);
    sockets.receive(received);
    if (sent == Unsent::Sent::kAll) return received;
  }
  FAIL("it does not end");
  return {};
}

int file_of(const std::string &text) {
  const int fd = uwsgi_tmpfd();
  REQUIRE(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return fd;
}

}  // namespace

TEST_CASE("what is unsent leaves in order, whether memory, disk or a file has it") {
  Unsent unsent;
  Sockets sockets;
  std::string head = "head", body = numbered(3'000'000), tail = "tail", file = numbered(700'000);
  REQUIRE(add(unsent, head, 1 << 30));
  const int fd = file_of(file);
  REQUIRE(unsent.add_file(fd, 100, file.size() - 100));
  close(fd);  // it has one of its own
  REQUIRE(add(unsent, body, 1 << 30));
  REQUIRE(add(unsent, tail, 1 << 30));
  CHECK(drain(unsent, sockets) == head + file.substr(100) + body + tail);
  CHECK(unsent.empty());
}

TEST_CASE("no more than the limit is kept until all of it has left") {
  Unsent unsent;
  Sockets sockets;
  std::string body = numbered(1'000'000);
  size_t left = 0;
  CHECK_FALSE(add(unsent, body, 600'000, &left));
  CHECK(left == 400'000);
  CHECK(unsent.send(sockets.fds[0]) == Unsent::Sent::kSome);
  CHECK_FALSE(add(unsent, body, 600'000, &left));
  CHECK(left == 1'000'000);
  drain(unsent, sockets);
  CHECK_FALSE(add(unsent, body, 600'000, &left));
  CHECK(left == 400'000);
}

TEST_CASE("a peer that has gone and a file that became shorter are failures") {
  std::string body = "body";
  {
    Unsent unsent;
    Sockets sockets;
    shutdown(sockets.fds[0], SHUT_WR);
    add(unsent, body, 1 << 20);
    CHECK(unsent.send(sockets.fds[0]) == Unsent::Sent::kFailed);
  }
  Unsent unsent;
  Sockets sockets;
  const int fd = file_of(body);
  unsent.add_file(fd, 0, body.size());
  REQUIRE(ftruncate(fd, 0) == 0);
  CHECK(unsent.send(sockets.fds[0]) == Unsent::Sent::kFailed);
  close(fd);
}

TEST_CASE("where nobody reads nothing is sent") {
  Unsent unsent;
  Sockets sockets;
  std::string body = numbered(2'000'000);
  REQUIRE(add(unsent, body, 1 << 30));
  CHECK(unsent.send(sockets.fds[0]) == Unsent::Sent::kSome);
  CHECK(unsent.send(sockets.fds[0]) == Unsent::Sent::kNothing);
}
