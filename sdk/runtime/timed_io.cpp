// Connecting, reading and writing with a time limit, for plugins that talk to other servers: the part of the
// section "Sockets" of <mortise/api.h> that does not listen. Signals never cut a wait short.
#include <uwsgi.h>

#include <algorithm>
#include <cstddef>

#include "kernel/clock.h"
#include "kernel/fd.h"
#include "kernel/log.h"
#include "sdk/runtime/address.h"

namespace {

using namespace mortise;

class Deadline {
 public:
  explicit Deadline(int timeout_s)
      : end_ms_(timeout_s < 0 ? -1 : monotonic_ms() + timeout_s * int64_t{1000}) {}
  // For poll(2).
  int left_ms() const {
    if (end_ms_ < 0) return -1;
    return static_cast<int>(std::clamp<int64_t>(end_ms_ - monotonic_ms(), 0, INT_MAX));
  }

 private:
  int64_t end_ms_;
};

int wait_until(int fd, short event, const Deadline &deadline) {
  pollfd entry{fd, event, 0};
  int ready = 0;
  do {
    ready = poll(&entry, 1, deadline.left_ms());
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return ready;
  // A peer that hung up is readable: the read gives the end.
  if (entry.revents & (event | (event & POLLIN ? POLLHUP : 0))) return ready;
  errno = entry.revents & POLLNVAL ? EBADF : EPIPE;
  return -1;
}

// Whether there is a next attempt to make after one that failed with errno.
bool wait_if_again(int fd, short event, const Deadline &deadline) {
  if (errno == EINTR) return true;
  if (!uwsgi_is_again()) return false;
  int ready = wait_until(fd, event, deadline);
  if (ready == 0) errno = ETIMEDOUT;
  return ready > 0;
}

int write_all(int fd, const char *buf, size_t len, const Deadline &deadline, bool wait_first) {
  while (len > 0) {
    if (wait_first) {
      errno = EAGAIN;
      if (!wait_if_again(fd, POLLOUT, deadline)) return -1;
    }
    ssize_t written = write(fd, buf, len);
    if (written < 0) {
      if (!wait_if_again(fd, POLLOUT, deadline)) return -1;
      continue;
    }
    buf += written;
    len -= static_cast<size_t>(written);
  }
  return 0;
}

ssize_t read_some(int fd, char *buf, size_t len, const Deadline &deadline) {
  for (;;) {
    ssize_t got = read(fd, buf, len);
    if (got >= 0 || !wait_if_again(fd, POLLIN, deadline)) return got;
  }
}

// A blocking connect(2) heeds SO_SNDTIMEO, for TCP as for UNIX sockets with a full backlog, which poll(2)
// cannot wait for; called again after a signal it waits on.
int connect_within(int fd, const SocketAddress &target, int timeout_s) {
  timeval limit{timeout_s < 0 ? 0 : timeout_s, timeout_s == 0 ? 1 : 0};  // all zero would be for ever
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  int result = 0;
  do {
    result = connect(fd, &target.any, target.len);
  } while (result && errno == EINTR);
  if (result && (uwsgi_is_again() || errno == EALREADY)) errno = ETIMEDOUT;
  limit = {};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  return result;
}

Result<std::vector<SocketAddress>> targets_of(const std::string &text) {
  auto address = parse_address(text);
  if (!address) return address.error();
  return resolve(*address, "connect to");
}

int connect_to(const std::string &text, int timeout_s, bool wait) {
  auto targets = targets_of(text);
  if (!targets) {
    log_warning("%s", targets.error().message().c_str());
    errno = EADDRNOTAVAIL;
    return -1;
  }
  int errnum = EADDRNOTAVAIL;
  for (const SocketAddress &target : *targets) {
    Fd fd(socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0));
    if (!fd) return -1;
    if ((wait ? connect_within(fd.get(), target, timeout_s) : connect(fd.get(), &target.any, target.len)) ==
            0 ||
        (!wait && errno == EINPROGRESS))
      return fd.release();
    errnum = errno;
  }
  errno = errnum;
  return -1;
}

}  // namespace

extern "C" {

int uwsgi_connect(const char *address, int timeout, int async) {
  return connect_to(address ? address : "", timeout, !async);
}

int uwsgi_connectn(const char *address, uint16_t len, int timeout, int async) {
  return connect_to(std::string(address ? address : "", address ? len : 0), timeout, !async);
}

void uwsgi_socket_nb(int fd) {
  if (auto done = set_nonblocking(fd, true); !done) log_error(done.error());
}

void uwsgi_socket_b(int fd) {
  if (auto done = set_nonblocking(fd, false); !done) log_error(done.error());
}

socklen_t socket_to_in_addr(const char *address, char *port, int portn, sockaddr_in *out) {
  if (!address || !out) return 0;
  memset(out, 0, sizeof *out);
  const char *colon = port ? port : portn ? nullptr : strrchr(address, ':');
  std::string host = colon && colon >= address ? std::string(address, colon) : std::string(address);
  auto targets = targets_of(host + ":" + (colon ? colon + 1 : std::to_string(portn)));
  if (!targets || targets->front().family() != AF_INET) return 0;
  *out = targets->front().in;
  return sizeof *out;
}

socklen_t socket_to_un_addr(const char *path, sockaddr_un *out) {
  if (!path || !out) return 0;
  Address address;
  address.kind = *path == '@' ? AddressKind::kAbstract : AddressKind::kUnix;
  address.text = path;
  address.path = *path == '@' ? path + 1 : path;
  auto targets = resolve(address, "use");
  if (!targets) return 0;
  *out = targets->front().un;
  return targets->front().len;
}

int uwsgi_waitfd_event(int fd, int timeout, int event) {
  return wait_until(fd, static_cast<short>(event), Deadline(timeout));
}

int uwsgi_write_nb(int fd, const char *buf, size_t len, int timeout) {
  return write_all(fd, buf, len, Deadline(timeout), true);
}

int uwsgi_write_true_nb(int fd, const char *buf, size_t len, int timeout) {
  return write_all(fd, buf, len, Deadline(timeout), false);
}

int uwsgi_read_nb(int fd, char *buf, size_t len, int timeout) {
  Deadline deadline(timeout);
  while (len > 0) {
    errno = EAGAIN;
    if (!wait_if_again(fd, POLLIN, deadline)) return -1;
    ssize_t got = read_some(fd, buf, len, deadline);
    if (got <= 0) return -1;
    buf += got;
    len -= static_cast<size_t>(got);
  }
  return 0;
}

ssize_t uwsgi_read_true_nb(int fd, char *buf, size_t len, int timeout) {
  return read_some(fd, buf, len, Deadline(timeout));
}

}  // extern "C"
