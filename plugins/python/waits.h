// What a request waits for when its application calls uwsgi.suspend() or yields b"": descriptors and a time.
#pragma once

#include <poll.h>
#include <uwsgi.h>

#include <vector>

namespace mortise::python {

class Waits {
 public:
  bool any() const { return !fds_.empty() || timeout_seconds_ > 0; }
  // events: POLLIN or POLLOUT; seconds 0: for ever.
  void add(int fd, short events, int seconds);
  void add_time(int seconds);
  // In async mode without coroutines: the loop waits, and calls the request hook again. False: wait here.
  bool begin(wsgi_request *request);
  // Called again: what ended the wait.
  void end(const wsgi_request *request);
  // Waits, without the GIL, for the first of them and forgets all. [the request's thread, with the GIL]
  void wait();
  // The descriptor that ended the last wait; -1: its time was over.
  int ready_fd() const { return ready_fd_; }
  void forget();

 private:
  void wait_switching(const std::vector<pollfd> &fds, int seconds);

  std::vector<pollfd> fds_;
  int timeout_seconds_ = 0;
  int ready_fd_ = -1;
};

}  // namespace mortise::python
