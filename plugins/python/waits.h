// What a request waits for when its application calls uwsgi.suspend() or yields b"": descriptors and a time.
#pragma once

#include <poll.h>

#include <vector>

namespace mortise::python {

class Waits {
 public:
  bool any() const { return !fds_.empty() || timeout_seconds_ > 0; }
  // events: POLLIN or POLLOUT; seconds 0: for ever.
  void add(int fd, short events, int seconds);
  void add_time(int seconds);
  // Waits, without the GIL, for the first of them and forgets all. [the request's thread, with the GIL]
  void wait();
  // The descriptor that ended the last wait; -1: its time was over.
  int ready_fd() const { return ready_fd_; }
  void forget();

 private:
  std::vector<pollfd> fds_;
  int timeout_seconds_ = 0;
  int ready_fd_ = -1;
};

}  // namespace mortise::python
