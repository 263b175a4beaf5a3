#include "kernel/cork.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace mortise {

namespace {

// Not MSG_MORE in send(2): what is let go would lack the flag PSH (RFC 9293 §3.9.1.2).
void set_cork(int fd, int on) {
  setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

}  // namespace

void Cork::hold(int fd, uint64_t began_us) {
  set_cork(fd, 1);
  if (held_ == 0) since_us_ = began_us;
  fds_[held_] = fd;
  after_fds_[held_++] = fd + 1;
}

// Also those that the other thread has taken: it may have been interrupted before it let go of them. Where
// the connection has been closed and the number is another's, that one sends at once what it has.
void Cork::end() {
  for (size_t i = 0; i < held_; ++i) {
    after_fds_[i] = 0;
    set_cork(fds_[i], 0);
  }
  held_ = 0;
}

bool Cork::pull() {
  bool any = false;
  for (std::atomic<int> &slot : after_fds_) {
    if (slot == 0) continue;
    const int after_fd = slot.exchange(0);
    if (after_fd > 0) set_cork(after_fd - 1, 0);
    any = any || after_fd > 0;
  }
  return any;
}

}  // namespace mortise
