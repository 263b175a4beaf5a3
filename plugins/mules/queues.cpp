#include "queues.h"

#include <atomic>

namespace mortise::mules {

int open_queue(int pair[2], int bytes) {
  // SEQPACKET keeps messages whole like datagrams, but is not bounded by net.unix.max_dgram_qlen (often 10).
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) {
    uwsgi_log("mules: open a queue: %s (raise the limit of open files)\n", strerror(errno));
    return -1;
  }
  if (bytes > 0) {
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(pair[1], SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  return 0;
}

int send_signal(int fd, uint8_t signum) {
  return send(fd, &signum, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 0 : -1;
}

}  // namespace mortise::mules

extern "C" int mule_send_msg(int fd, char *message, size_t len) {
  if (len == 0) return -1;  // it would look like the end of the queue
  ssize_t sent = 0;
  do {
    sent = send(fd, message, len, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent == static_cast<ssize_t>(len)) return 0;
  static std::atomic<time_t> last = 0;
  const time_t now = uwsgi_now();
  if (last.exchange(now) != now)
    uwsgi_log("mules: a message of %zu bytes is not sent: %s (%s)\n", len, strerror(errno),
              errno == EMSGSIZE ? "raise mule-msg-size"
                                : "the mules are behind: more mules, or a larger mule-msg-size");
  return -1;
}
