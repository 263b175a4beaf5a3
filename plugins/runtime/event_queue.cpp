// epoll(7) as plugins know it, the section "Event queues" of <mortise/api.h>. The kernel's own loops use
// epoll as it is.
#include <sys/epoll.h>
#include <uwsgi.h>

namespace {

int control(int queue, int operation, int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  return epoll_ctl(queue, operation, fd, &event);
}

const epoll_event &event_at(void *events, int id) {
  return static_cast<epoll_event *>(events)[id];
}

constexpr uint32_t kReadWrite = EPOLLIN | EPOLLOUT;

}  // namespace

extern "C" {

int event_queue_init(void) {
  return epoll_create1(EPOLL_CLOEXEC);
}
void *event_queue_alloc(int events) {
  return uwsgi_calloc(sizeof(epoll_event) * static_cast<size_t>(events > 0 ? events : 0));
}
int event_queue_add_fd_read(int queue, int fd) {
  return control(queue, EPOLL_CTL_ADD, fd, EPOLLIN);
}
int event_queue_add_fd_write(int queue, int fd) {
  return control(queue, EPOLL_CTL_ADD, fd, EPOLLOUT);
}
int event_queue_del_fd(int queue, int fd, int) {
  return control(queue, EPOLL_CTL_DEL, fd, 0);
}
int event_queue_fd_write_to_read(int queue, int fd) {
  return control(queue, EPOLL_CTL_MOD, fd, EPOLLIN);
}
int event_queue_fd_read_to_write(int queue, int fd) {
  return control(queue, EPOLL_CTL_MOD, fd, EPOLLOUT);
}
int event_queue_fd_readwrite_to_read(int queue, int fd) {
  return control(queue, EPOLL_CTL_MOD, fd, EPOLLIN);
}
int event_queue_fd_readwrite_to_write(int queue, int fd) {
  return control(queue, EPOLL_CTL_MOD, fd, EPOLLOUT);
}
int event_queue_fd_read_to_readwrite(int queue, int fd) {
  return control(queue, EPOLL_CTL_MOD, fd, kReadWrite);
}
int event_queue_fd_write_to_readwrite(int queue, int fd) {
  return control(queue, EPOLL_CTL_MOD, fd, kReadWrite);
}
int event_queue_read(void) {
  return EPOLLIN;
}
int event_queue_write(void) {
  return EPOLLOUT;
}

int event_queue_wait(int queue, int timeout, int *interesting_fd) {
  epoll_event event;
  int count = event_queue_wait_multi(queue, timeout, &event, 1);
  if (count > 0 && interesting_fd) *interesting_fd = event.data.fd;
  return count;
}

int event_queue_wait_multi(int queue, int timeout, void *events, int nevents) {
  int timeout_ms = timeout < 0 ? -1 : timeout > INT_MAX / 1000 ? INT_MAX : timeout * 1000;
  int count = epoll_wait(queue, static_cast<epoll_event *>(events), nevents, timeout_ms);
  return count < 0 && errno == EINTR ? 0 : count;  // callers wait in loops, where a signal is no failure
}

int event_queue_interesting_fd(void *events, int id) {
  return event_at(events, id).data.fd;
}

int event_queue_interesting_fd_has_error(void *events, int id) {
  uint32_t seen = event_at(events, id).events;
  return (seen & (EPOLLERR | EPOLLHUP)) && !(seen & kReadWrite);  // what is readable is read first
}

int event_queue_interesting_fd_is_read(void *events, int id) {
  return (event_at(events, id).events & EPOLLIN) != 0;
}
int event_queue_interesting_fd_is_write(void *events, int id) {
  return (event_at(events, id).events & EPOLLOUT) != 0;
}

}  // extern "C"
