#include "waits.h"

#include <cerrno>
#include <cstring>

#include "gil.h"
#include "provided_functions.h"

#include <uwsgi.h>

namespace mortise::python {

void Waits::add(int fd, short events, int seconds) {
  fds_.push_back({fd, events, 0});
  add_time(seconds);
}

void Waits::add_time(int seconds) {
  if (seconds > 0 && (timeout_seconds_ == 0 || seconds < timeout_seconds_)) timeout_seconds_ = seconds;
}

bool Waits::begin(wsgi_request *request) {
  if (!uwsgi.loop || strcmp(uwsgi.loop, "async") != 0 || uwsgi.schedule_to_main) return false;
  for (const pollfd &fd : fds_) {
    auto *const add =
        fd.events == POLLIN ? MORTISE_PROVIDED(async_add_fd_read) : MORTISE_PROVIDED(async_add_fd_write);
    if (add(request, fd.fd, timeout_seconds_) == 0) continue;
    MORTISE_PROVIDED(async_reset_request)(request);
    return false;
  }
  if (fds_.empty()) MORTISE_PROVIDED(async_add_timeout)(request, timeout_seconds_);
  forget();
  return true;
}

void Waits::end(const wsgi_request *request) {
  ready_fd_ = request->async_ready_fd ? request->async_last_ready_fd : -1;
}

// One descriptor, or a time: by the server's hooks, in which an engine switches to other requests.
void Waits::wait_switching(const std::vector<pollfd> &fds, int seconds) {
  if (fds.empty()) return static_cast<void>(uwsgi.wait_milliseconds_hook(seconds * 1000));
  auto hook = fds[0].events == POLLIN ? uwsgi.wait_read_hook : uwsgi.wait_write_hook;
  constexpr int kForEver = 365 * 24 * 3600;  // engines of uWSGI take no -1
  if (hook(fds[0].fd, seconds > 0 ? seconds : kForEver) > 0) ready_fd_ = fds[0].fd;
}

void Waits::wait() {
  std::vector<pollfd> fds;
  fds.swap(fds_);
  const int seconds = timeout_seconds_;
  timeout_seconds_ = 0;
  ready_fd_ = -1;
  CalledByPython mark;
  if (fds.size() < 2) return wait_switching(fds, seconds);
  GilRelease release;
  const uint64_t end = seconds ? uwsgi_monotonic_micros() + 1000000ull * seconds : 0;
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
