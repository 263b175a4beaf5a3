#include <uwsgi.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "kernel/fd.h"
#include "kernel/sockets.h"

using namespace mortise;

namespace {

struct Pair {
  explicit Pair(int flags = SOCK_NONBLOCK) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0, ends) == 0);
    near.reset(ends[0]);
    far.reset(ends[1]);
  }
  Fd near, far;
};

bool is_blocking(const Fd &fd) {
  return (fcntl(fd.get(), F_GETFL) & O_NONBLOCK) == 0;
}

}  // namespace

TEST_CASE("connecting waits, or returns a descriptor that is still connecting") {
  auto listener = bind_address(*parse_address("127.0.0.1:0"), {});
  REQUIRE(listener);
  const std::string &name = listener->name;
  Fd waited(uwsgi_connect(name.c_str(), 5, 0));
  REQUIRE(waited);
  CHECK(is_blocking(waited));
  CHECK(fcntl(waited.get(), F_GETFD) == FD_CLOEXEC);
  timeval limit{1, 1};
  socklen_t len = sizeof limit;
  getsockopt(waited.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, &len);
  CHECK(limit.tv_sec + limit.tv_usec == 0);
  Fd pending(uwsgi_connectn((name + "/rest").c_str(), static_cast<uint16_t>(name.size()), 0, 1));
  REQUIRE(pending);
  CHECK_FALSE(is_blocking(pending));
  CHECK(uwsgi_waitfd_write(pending.get(), 5) == 1);
}

TEST_CASE("connecting to nobody fails with the reason in errno") {
  std::string name = bind_address(*parse_address("127.0.0.1:0"), {})->name;
  CHECK(uwsgi_connect(name.c_str(), 5, 0) == -1);
  CHECK(errno == ECONNREFUSED);
  CHECK(uwsgi_connect("/no/such/socket", 5, 0) == -1);
  CHECK(errno == ENOENT);
  CHECK(uwsgi_connect("8080", 5, 0) == -1);
  CHECK(errno == EADDRNOTAVAIL);
  CHECK(uwsgi_connect(nullptr, 5, 0) == -1);
}

TEST_CASE("connecting to a server whose backlog is full ends with the time limit") {
  BindOptions options;
  options.backlog = 0;
  std::string name = "@mortise-full-" + std::to_string(getpid());
  auto listener = bind_address(*parse_address(name), options);
  REQUIRE(listener);
  Fd first(uwsgi_connect(name.c_str(), 1, 0));
  REQUIRE(first);
  CHECK(uwsgi_connect(name.c_str(), 0, 0) == -1);
  CHECK(errno == ETIMEDOUT);
}

TEST_CASE("waiting for a descriptor tells ready from timed out from broken") {
  Pair pair;
  CHECK(uwsgi_waitfd(pair.near.get(), 0) == 0);
  CHECK(uwsgi_waitfd_write(pair.near.get(), 0) == 1);
  pair.far.reset();
  CHECK(uwsgi_waitfd(pair.near.get(), -1) == 1);
  CHECK(uwsgi_waitfd(987, 1) == -1);
  CHECK(errno == EBADF);
}

TEST_CASE("all bytes are written while the peer reads slowly") {
  for (bool true_nb : {false, true}) {
    Pair pair;
    std::string sent(1 << 20, 'x'), got(sent.size(), ' ');
    ssize_t result = -1;
    std::thread reader([&] { result = uwsgi_read_nb(pair.far.get(), got.data(), got.size(), 5); });
    auto write_all = true_nb ? uwsgi_write_true_nb : uwsgi_write_nb;
    CHECK(write_all(pair.near.get(), sent.data(), sent.size(), 5) == 0);
    reader.join();
    CHECK(result == 0);
    CHECK(got == sent);
  }
}

TEST_CASE("writing to a peer that does not read ends with the time limit") {
  Pair pair;
  std::string sent(1 << 22, 'x');
  CHECK(uwsgi_write_true_nb(pair.near.get(), sent.data(), sent.size(), 0) == -1);
  CHECK(errno == ETIMEDOUT);
}

TEST_CASE("reading returns what is there, the end, or times out") {
  Pair pair;
  char buf[8];
  CHECK(uwsgi_read_true_nb(pair.near.get(), buf, sizeof buf, 0) == -1);
  CHECK(errno == ETIMEDOUT);
  REQUIRE(write(pair.far.get(), "abc", 3) == 3);
  CHECK(uwsgi_read_true_nb(pair.near.get(), buf, sizeof buf, 5) == 3);
  REQUIRE(write(pair.far.get(), "abc", 3) == 3);
  pair.far.reset();
  CHECK(uwsgi_read_nb(pair.near.get(), buf, 4, 5) == -1);
  CHECK(uwsgi_read_true_nb(pair.near.get(), buf, sizeof buf, 5) == 0);
}

TEST_CASE("descriptors are switched between blocking and not") {
  Pair pair(0);
  uwsgi_socket_nb(pair.near.get());
  CHECK_FALSE(is_blocking(pair.near));
  uwsgi_socket_b(pair.near.get());
  CHECK(is_blocking(pair.near));
}

TEST_CASE("plugins get socket addresses from text") {
  sockaddr_in in{};
  char address[] = "127.0.0.1:8125";
  CHECK(socket_to_in_addr(address, strchr(address, ':'), 0, &in) == sizeof in);
  CHECK(ntohs(in.sin_port) == 8125);
  CHECK(in.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
  CHECK(socket_to_in_addr("127.0.0.1", nullptr, 514, &in) == sizeof in);
  CHECK(ntohs(in.sin_port) == 514);
  CHECK(socket_to_in_addr(address, nullptr, 0, &in) == sizeof in);
  CHECK(ntohs(in.sin_port) == 8125);
  CHECK(socket_to_in_addr("no-such-host.invalid:1", nullptr, 0, &in) == 0);
  sockaddr_un un{};
  CHECK(socket_to_un_addr("/dev/log", &un) == offsetof(sockaddr_un, sun_path) + 9);
  CHECK(socket_to_un_addr("@log", &un) == offsetof(sockaddr_un, sun_path) + 4);
  CHECK(un.sun_path[0] == 0);
  CHECK(socket_to_un_addr(std::string(200, 'x').c_str(), &un) == 0);
}
