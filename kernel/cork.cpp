#include "kernel/cork.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace mortise {

void Cork::hold(int fd, uint64_t began_us) {
  if (held_ == 0) since_us_ = began_us;
  fds_[held_++] = fd;
}

void Cork::end() {
  if (held_ > 0) pull();
  held_ = 0;
}

// A number that is another descriptor's by now does it no harm.
bool Cork::pull() {
  bool any = false;
  for (std::atomic<int> &slot : fds_) {
    if (slot == 0) continue;
    const int off = 0, fd = slot.exchange(0);
    any = any || fd > 0;
    if (fd > 0) setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
  }
  return any;
}

}  // namespace mortise
