#include "waits.h"

#include <sys/epoll.h>

#include <deque>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cores.h"

namespace mortise::async {

thread_local bool in_request = false;
void (*head_timed_out)(wsgi_request *);

namespace {

struct Watched {
  wsgi_request *request;
  uint32_t events;
};

int epoll_fd = -1;
std::unordered_map<int, Watched> watched;
std::set<std::pair<uint64_t, wsgi_request *>> deadlines;
std::deque<wsgi_request *> turns;

bool control(int operation, int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  return epoll_ctl(epoll_fd, operation, fd, &event) == 0;
}

// False where another request waits for it, or it is nothing that can be waited for.
bool watch(wsgi_request *request, int fd, uint32_t events) {
  auto [entry, added] = watched.try_emplace(fd, Watched{request, events});
  if (added) {
    if (control(EPOLL_CTL_ADD, fd, events)) return true;
    watched.erase(entry);
    return false;
  }
  if (entry->second.request != request) return false;
  entry->second.events |= events;
  return control(EPOLL_CTL_MOD, fd, entry->second.events);
}

void unwatch(int fd) {
  if (watched.erase(fd)) control(EPOLL_CTL_DEL, fd, 0);
}

void set_deadline(wsgi_request *request, uint64_t due_us) {
  Core &core = core_of(request);
  if (core.due_us) deadlines.erase({core.due_us, request});
  core.due_us = due_us;
  if (due_us) deadlines.insert({due_us, request});
}

void wait_at_most(wsgi_request *request, int64_t timeout_ms) {
  const Core &core = core_of(request);
  const uint64_t due_us = uwsgi_micros() + static_cast<uint64_t>(timeout_ms) * 1000;
  if (!core.due_us || due_us < core.due_us) set_deadline(request, due_us);
}

int add_fd(wsgi_request *request, int fd, uint32_t events, int timeout_s) {
  if (epoll_fd < 0 || fd < 0 || !watch(request, fd, events)) return -1;
  auto *entry = static_cast<uwsgi_async_fd *>(uwsgi_malloc(sizeof(uwsgi_async_fd)));
  *entry = {fd, static_cast<int>(events), nullptr, request->waiting_fds};
  if (entry->next) entry->next->prev = entry;
  request->waiting_fds = entry;
  request->async_timed_out = request->async_ready_fd = 0;
  if (timeout_s > 0) wait_at_most(request, int64_t{timeout_s} * 1000);
  return 0;
}

// The calling request where the loop can switch away from it.
wsgi_request *switchable() {
  return in_request && uwsgi.schedule_to_main ? current_wsgi_req() : nullptr;
}

// timeout 0 means now, negative: for ever.
int wait_switching(wsgi_request *request, int timeout_s) {
  if (timeout_s == 0) wait_at_most(request, 0);
  uwsgi.schedule_to_main(request);
  return std::exchange(request->async_timed_out, 0) ? 0 : 1;
}

int wait_read(int fd, int timeout) {
  wsgi_request *request = switchable();
  if (!request) return uwsgi_simple_wait_read_hook(fd, timeout);
  return async_add_fd_read(request, fd, timeout) ? -1 : wait_switching(request, timeout);
}

int wait_write(int fd, int timeout) {
  wsgi_request *request = switchable();
  if (!request) return uwsgi_simple_wait_write_hook(fd, timeout);
  return async_add_fd_write(request, fd, timeout) ? -1 : wait_switching(request, timeout);
}

int wait_read2(int fd0, int fd1, int timeout, int *fd) {
  wsgi_request *request = switchable();
  if (!request) return uwsgi_simple_wait_read2_hook(fd0, fd1, timeout, fd);
  if (async_add_fd_read(request, fd0, timeout) || async_add_fd_read(request, fd1, timeout)) {
    async_reset_request(request);
    return -1;
  }
  const int ready = wait_switching(request, timeout);
  if (ready > 0) *fd = request->async_last_ready_fd;
  return ready;
}

int wait_milliseconds(int timeout_ms) {
  wsgi_request *request = switchable();
  if (!request) return uwsgi_simple_wait_milliseconds_hook(timeout_ms);
  wait_at_most(request, timeout_ms);
  uwsgi.schedule_to_main(request);
  request->async_timed_out = 0;  // that is what was wanted
  return 0;
}

}  // namespace

bool open_queue() {
  epoll_fd = event_queue_init();
  return epoll_fd >= 0;
}

int queue() {
  return epoll_fd;
}

bool watch_head(wsgi_request *request, int timeout_s) {
  if (timeout_s > 0 && !core_of(request).due_us) wait_at_most(request, int64_t{timeout_s} * 1000);
  return watched.contains(request->fd) || watch(request, request->fd, EPOLLIN);
}

wsgi_request *watcher_of(int fd) {
  const auto found = watched.find(fd);
  return found == watched.end() ? nullptr : found->second.request;
}

void report_ready(wsgi_request *request, int fd) {
  async_reset_request(request);
  request->async_ready_fd = 1;
  request->async_last_ready_fd = fd;
  enqueue(request);
}

void enqueue(wsgi_request *request) {
  if (!std::exchange(core_of(request).queued, true)) turns.push_back(request);
}

wsgi_request *dequeue() {
  wsgi_request *request = turns.front();
  turns.pop_front();
  core_of(request).queued = false;
  return request;
}

size_t queued() {
  return turns.size();
}

bool waits(const wsgi_request *request) {
  return request->waiting_fds || core_of(request).due_us;
}

int next_timeout_ms() {
  if (deadlines.empty()) return -1;
  const uint64_t due_us = deadlines.begin()->first, now_us = uwsgi_micros();
  return due_us <= now_us ? 0 : static_cast<int>((due_us - now_us) / 1000 + 1);
}

void hurry_heads(int seconds) {
  std::vector<wsgi_request *> heads;
  for (const auto &[fd, entry] : watched)
    if (!core_of(entry.request).has_head) heads.push_back(entry.request);
  for (wsgi_request *request : heads) wait_at_most(request, int64_t{seconds} * 1000);
}

void install_wait_hooks() {
  uwsgi.wait_read_hook = wait_read;
  uwsgi.wait_write_hook = wait_write;
  uwsgi.wait_read2_hook = wait_read2;
  uwsgi.wait_milliseconds_hook = wait_milliseconds;
}

}  // namespace mortise::async

using namespace mortise::async;

extern "C" {

int async_add_fd_read(wsgi_request *request, int fd, int timeout) {
  return add_fd(request, fd, EPOLLIN, timeout);
}

int async_add_fd_write(wsgi_request *request, int fd, int timeout) {
  return add_fd(request, fd, EPOLLOUT, timeout);
}

void async_add_timeout(wsgi_request *request, int timeout) {
  if (epoll_fd < 0) return;
  request->async_timed_out = request->async_ready_fd = 0;
  if (timeout > 0) wait_at_most(request, int64_t{timeout} * 1000);
}

void async_reset_request(wsgi_request *request) {
  if (epoll_fd < 0) return;  // another loop, with waits of its own
  while (uwsgi_async_fd *entry = request->waiting_fds) {
    request->waiting_fds = entry->next;
    unwatch(entry->fd);
    free(entry);
  }
  if (!core_of(request).has_head) unwatch(request->fd);
  set_deadline(request, 0);
}

void async_expire_timeouts(uint64_t now) {
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    wsgi_request *request = deadlines.begin()->second;
    async_reset_request(request);
    if (!core_of(request).has_head) {
      head_timed_out(request);
    } else {
      request->async_timed_out = 1;
      enqueue(request);
    }
  }
}

wsgi_request *find_wsgi_req_by_fd(int fd) {
  if (uwsgi.async_waiting_fd_table) return uwsgi.async_waiting_fd_table[fd];
  wsgi_request *request = watcher_of(fd);
  return request && core_of(request).has_head ? request : nullptr;
}

wsgi_request *find_wsgi_req_proto_by_fd(int fd) {
  if (uwsgi.async_proto_fd_table) return uwsgi.async_proto_fd_table[fd];
  wsgi_request *request = watcher_of(fd);
  return request && !core_of(request).has_head ? request : nullptr;
}

}  // extern "C"
