#include "waits.h"

#include <cerrno>

#include "gil.h"

#include <uwsgi.h>

namespace mortise::python {

void Waits::add(int fd, short events, int seconds) {
  fds_.push_back({fd, events, 0});
  add_time(seconds);
}

void Waits::add_time(int seconds) {
  if (seconds > 0 && (timeout_seconds_ == 0 || seconds < timeout_seconds_)) timeout_seconds_ = seconds;
}

void Waits::wait() {
  std::vector<pollfd> fds;
  fds.swap(fds_);
  uint64_t end = timeout_seconds_ ? uwsgi_monotonic_micros() + 1000000ull * timeout_seconds_ : 0;
  timeout_seconds_ = 0;
  ready_fd_ = -1;
  CalledByPython mark;
  GilRelease release;
  for (;;) {
    uint64_t now = uwsgi_monotonic_micros();
    int left_ms = !end ? -1 : now >= end ? 0 : static_cast<int>((end - now) / 1000 + 1);
    int ready = poll(fds.data(), fds.size(), left_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return;
    for (const pollfd &fd : fds)
      if (fd.revents) ready_fd_ = fd.fd;
    return;
  }
}

void Waits::forget() {
  fds_.clear();
  timeout_seconds_ = 0;
  ready_fd_ = -1;
}

}  // namespace mortise::python
