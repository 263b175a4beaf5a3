// How a hook waits unless a loop engine has put its own functions into uwsgi.wait_…: poll(2), in the calling
// thread.
#include <uwsgi.h>

#include "kernel/clock.h"

namespace {

// Milliseconds; negative: for ever. A signal does not cut it short.
int wait_for(pollfd *entries, nfds_t count, int64_t timeout_ms) {
  const int64_t end_ms = mortise::monotonic_ms() + timeout_ms;
  for (;;) {
    const int64_t left = timeout_ms < 0 ? -1 : end_ms - mortise::monotonic_ms();
    const int ready = poll(entries, count, left < -1 ? 0 : static_cast<int>(left));
    if (ready >= 0 || errno != EINTR) return ready;
  }
}

int wait_one(int fd, int timeout, short event) {
  pollfd entry{fd, event, 0};
  return wait_for(&entry, 1, timeout < 0 ? -1 : timeout * int64_t{1000});
}

}  // namespace

extern "C" {

int uwsgi_simple_wait_read_hook(int fd, int timeout) {
  return wait_one(fd, timeout, POLLIN);
}

int uwsgi_simple_wait_write_hook(int fd, int timeout) {
  return wait_one(fd, timeout, POLLOUT);
}

int uwsgi_simple_wait_read2_hook(int fd0, int fd1, int timeout, int *fd) {
  pollfd entries[2] = {{fd0, POLLIN, 0}, {fd1, POLLIN, 0}};
  const int ready = wait_for(entries, 2, timeout < 0 ? -1 : timeout * int64_t{1000});
  if (ready > 0) *fd = entries[0].revents ? fd0 : fd1;
  return ready;
}

int uwsgi_simple_wait_milliseconds_hook(int timeout_ms) {
  return wait_for(nullptr, 0, timeout_ms);
}

}  // extern "C"
