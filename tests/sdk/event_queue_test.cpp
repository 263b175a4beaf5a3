#include <uwsgi.h>

#include <catch2/catch.hpp>

#include "kernel/fd.h"

using namespace mortise;

namespace {

struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    near.reset(ends[0]);
    far.reset(ends[1]);
  }
  Fd near, far;
};

}  // namespace

TEST_CASE("an event queue tells which descriptor became readable") {
  Fd queue(event_queue_init());
  Pair pair;
  CHECK(fcntl(queue.get(), F_GETFD) == FD_CLOEXEC);
  REQUIRE(event_queue_add_fd_read(queue.get(), pair.near.get()) == 0);
  int fd = -1;
  CHECK(event_queue_wait(queue.get(), 0, &fd) == 0);
  REQUIRE(write(pair.far.get(), "x", 1) == 1);
  CHECK(event_queue_wait(queue.get(), 5, &fd) == 1);
  CHECK(fd == pair.near.get());
  CHECK(event_queue_del_fd(queue.get(), fd, event_queue_read()) == 0);
  CHECK(event_queue_wait(queue.get(), 0, &fd) == 0);
}

TEST_CASE("an event queue changes what it waits for") {
  Fd queue(event_queue_init());
  Pair pair;
  int near = pair.near.get();
  void *events = event_queue_alloc(4);
  auto wait = [&] { return event_queue_wait_multi(queue.get(), 0, events, 4); };
  REQUIRE(event_queue_add_fd_write(queue.get(), near) == 0);
  REQUIRE(wait() == 1);
  CHECK(event_queue_interesting_fd(events, 0) == near);
  CHECK(event_queue_interesting_fd_is_write(events, 0) == 1);
  CHECK(event_queue_interesting_fd_is_read(events, 0) == 0);
  CHECK(event_queue_fd_write_to_read(queue.get(), near) == 0);
  CHECK(wait() == 0);
  CHECK(event_queue_fd_read_to_readwrite(queue.get(), near) == 0);
  CHECK(wait() == 1);
  CHECK(event_queue_fd_readwrite_to_read(queue.get(), near) == 0);
  CHECK(wait() == 0);
  CHECK(event_queue_fd_read_to_write(queue.get(), near) == 0);
  CHECK(event_queue_fd_write_to_readwrite(queue.get(), near) == 0);
  CHECK(event_queue_fd_readwrite_to_write(queue.get(), near) == 0);
  CHECK(wait() == 1);
  free(events);
}

TEST_CASE("a hung up descriptor is an error once there is nothing left to read") {
  Fd queue(event_queue_init());
  Pipe pipe = std::move(*make_pipe(false));
  REQUIRE(event_queue_add_fd_read(queue.get(), pipe.read_end.get()) == 0);
  REQUIRE(write(pipe.write_end.get(), "x", 1) == 1);
  pipe.write_end.reset();
  void *events = event_queue_alloc(1);
  REQUIRE(event_queue_wait_multi(queue.get(), 0, events, 1) == 1);
  CHECK(event_queue_interesting_fd_has_error(events, 0) == 0);
  char byte;
  REQUIRE(read(pipe.read_end.get(), &byte, 1) == 1);
  REQUIRE(event_queue_wait_multi(queue.get(), 0, events, 1) == 1);
  CHECK(event_queue_interesting_fd_has_error(events, 0) == 1);
  free(events);
}

TEST_CASE("a descriptor that cannot be watched is refused with errno") {
  Fd queue(event_queue_init());
  CHECK(event_queue_add_fd_read(queue.get(), -1) == -1);
  CHECK(errno == EBADF);
}
