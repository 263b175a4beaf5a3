#include "ready_fd.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>
#include <sys/epoll.h>

#include <cstdlib>
#include <vector>

namespace mortise::control {

namespace {

std::vector<int> &descriptors() {
  static std::vector<int> list;
  return list;
}

// What made it readable is taken, or the reload would be followed by another one.
void reload_once(int fd, void *) {
  char bytes[4096];
  ssize_t got = read(fd, bytes, sizeof bytes);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got > 0) {
    uwsgi_log("descriptor %d can be read: reload\n", fd);
    return uwsgi_reload_server();
  }
  uwsgi_log("reload-on-fd = %d: %s (not watched any more)\n", fd,
            got ? strerror(errno) : "nobody writes to it any more");
  epoll_ctl(uwsgi.master_queue, EPOLL_CTL_DEL, fd, nullptr);
}

}  // namespace

void add_reload_fd(char *name, char *value, void *) {
  char *end = nullptr;
  long number = strtol(value, &end, 10);
  if (end != value && (*end == 0 || *end == ':') && number >= 0)
    return descriptors().push_back(static_cast<int>(number));
  uwsgi_log("error: %s = %s: that is no number of a descriptor\n", name, value);
  exit(64);
}

int watch_reload_fds() {
  if (uwsgi_generation() < 0) return 0;
  for (int fd : descriptors()) {
    pollfd readable{fd, POLLIN, 0};
    if (poll(&readable, 1, 0) >= 0 && !(readable.revents & POLLNVAL) &&
        uwsgi_master_add_fd(fd, reload_once, nullptr) == 0)
      continue;
    uwsgi_log(
        "error: reload-on-fd = %d: there is no such descriptor (it is opened by who starts the server)\n",
        fd);
    return -1;
  }
  return 0;
}

void close_reload_fds() {
  for (int fd : descriptors()) close(fd);
}

}  // namespace mortise::control
