#include "kernel/worker_loop.h"

#include <sys/epoll.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "kernel/child.h"
#include "kernel/clock.h"
#include "kernel/log.h"
#include "kernel/sockets.h"

namespace mortise {

namespace {

constexpr int64_t kSweepEveryMs = 1000;
constexpr int64_t kSweepStoppingMs = 100;
constexpr int64_t kSamePauseMs = 5000;  // between two sweeps that find no descriptor: told already
constexpr int kRefusalsPerSecond = 10;

WorkerLoop *own_loop = nullptr;

bool suspended() {
  return __atomic_load_n(&uwsgi.workers[uwsgi.mywid].suspended, __ATOMIC_SEQ_CST);
}

}  // namespace

Result<std::unique_ptr<WorkerLoop>> WorkerLoop::create(int cores) {
  std::unique_ptr<WorkerLoop> loop(new WorkerLoop(cores));
  loop->epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!loop->epoll_) return system_error("create the worker's epoll", errno, {}, kExitSystem);
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
    if (socket->fd < 0) continue;
    // Exclusive: one connection wakes one worker.
    if (auto done = loop->watch(socket->fd, EventTag(socket), EPOLLIN | EPOLLEXCLUSIVE); !done)
      return done.error();
  }
  own_loop = loop.get();
  on_pause_async_safe([] { own_loop->heed_pause_async_safe(); });
  if (suspended()) loop->unwatch_listeners_async_safe();  // forked while the server rests
  const uint32_t shared = EPOLLIN | EPOLLEXCLUSIVE;
  if (auto done = loop->watch(uwsgi.signal_socket, {EventKind::kSignal, uwsgi.signal_socket}, shared); !done)
    return done.error();
  if (auto done = loop->watch(uwsgi.my_signal_socket, {EventKind::kSignal, uwsgi.my_signal_socket}, EPOLLIN);
      !done)
    return done.error();
  if (auto done = loop->watch(uwsgi_stop_fd(), {EventKind::kStop, uwsgi_stop_fd()}, EPOLLIN); !done)
    return done.error();
  loop->flusher_ = std::make_unique<Flusher>(loop->connections_, [loop = loop.get()](int fd) {
    return loop->watch(fd, {EventKind::kFlushed, fd}, EPOLLIN | EPOLLEXCLUSIVE);
  });
  return loop;
}

Result<void> WorkerLoop::watch(int fd, EventTag tag, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag.value;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) && errno != EEXIST)
    return system_error("watch descriptor " + std::to_string(fd), errno, {}, kExitSystem);
  return {};
}

// A listener that is watched already stays so.
void WorkerLoop::watch_listeners_async_safe() {
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLEXCLUSIVE;
    event.data.u64 = EventTag(socket).value;
    if (socket->fd >= 0) epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket->fd, &event);
  }
}

void WorkerLoop::unwatch_listeners_async_safe() {
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
    if (socket->fd >= 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket->fd, nullptr);
}

bool WorkerLoop::stop_accepting() {
  if (stopping_.exchange(true, std::memory_order_acq_rel)) return false;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, uwsgi_stop_fd(), nullptr);
  stopped_at_ms_.store(monotonic_ms(), std::memory_order_relaxed);
  next_sweep_ms_.store(0, std::memory_order_relaxed);
  unwatch_listeners_async_safe();
  // Nobody else would, and there may be no time for it at the end.
  if (orphaned()) unlink_socket_files();
  return true;
}

void WorkerLoop::pause_accepting(int errnum) {
  if (paused_.exchange(true)) return;
  open_at_pause_ = connections_.open();
  const int64_t now_ms = monotonic_ms();
  if (now_ms - last_pause_ms_.exchange(now_ms, std::memory_order_relaxed) > kSamePauseMs)
    log_error(
        "accept: %s (new connections wait until others end; raise the limit with ulimit -n or --max-fd)",
        strerror(errnum));
  unwatch_listeners_async_safe();
}

void WorkerLoop::resume_accepting() {
  if (stopping() || !paused_.exchange(false)) return;
  watch_listeners_async_safe();
  if (suspended()) unwatch_listeners_async_safe();
}

void WorkerLoop::heed_pause_async_safe() {
  if (stopping() || paused_.load(std::memory_order_relaxed)) return;
  suspended() ? unwatch_listeners_async_safe() : watch_listeners_async_safe();
}

bool WorkerLoop::sweep_due(int64_t now_ms) {
  int64_t due = next_sweep_ms_.load(std::memory_order_relaxed);
  if (now_ms < due) return false;
  return next_sweep_ms_.compare_exchange_strong(due,
                                                now_ms + (stopping() ? kSweepStoppingMs : kSweepEveryMs));
}

void WorkerLoop::log_refusal(const wsgi_request &request) {
  const int64_t second = time(nullptr);
  if (int64_t last = log_second_.exchange(second, std::memory_order_relaxed); last != second) {
    int left_out = log_count_.exchange(0, std::memory_order_relaxed) - kRefusalsPerSecond;
    if (left_out > 0) log_warning("%d more requests were refused in that second", left_out);
  }
  if (log_count_.fetch_add(1, std::memory_order_relaxed) >= kRefusalsPerSecond) return;
  const char *peer = request.peer_addr_len ? request.peer_addr : "a local client";
  if (request.status)
    log_warning("request from %s refused: %s (answered %d)", peer, request.refusal, request.status);
  else
    log_warning("request from %s refused: %s (closed)", peer, request.refusal);
}

}  // namespace mortise
