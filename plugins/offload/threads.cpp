#include "threads.h"

#include <poll.h>
#include <sys/ioctl.h>

#include <atomic>
#include <memory>
#include <unordered_map>
#include <vector>

namespace mortise::offload {

namespace {

constexpr int kSweepSeconds = 1;
constexpr int kEvents = 64;

std::vector<uwsgi_thread *> threads;
std::atomic<unsigned> next_thread{0};
std::atomic<int> transfers{0};  // handed over and not ended

void close_if_open(int fd) {
  if (fd >= 0) close(fd);
}

// The client has all of it; what it still sends must not make its kernel throw that away (RFC 9112 §9.6).
void close_client(int fd) {
  shutdown(fd, SHUT_WR);
  char dropped[4096];
  constexpr int kReads = 64;
  for (int i = 0; i < kReads && recv(fd, dropped, sizeof dropped, MSG_DONTWAIT) > 0; ++i) continue;
  close(fd);
}

void end_transfer(uwsgi_offload_request *request) {
  if (request->free) request->free(request);
  close_if_open(request->fd);
  close_if_open(request->fd2);
  free(request->buf);
  for (uwsgi_buffer *buffer : {request->ubuf, request->ubuf1, request->ubuf2, request->ubuf3, request->ubuf4,
                               request->ubuf5, request->ubuf6, request->ubuf7, request->ubuf8})
    if (buffer) uwsgi_buffer_destroy(buffer);
  if (request->takeover) close_client(request->s);
  close_if_open(request->pipe[1]);  // the reader sees the end
  free(request);
  transfers.fetch_sub(1, std::memory_order_release);
}

// One thread's transfers, by each descriptor that may wake it.
class Transfers {
 public:
  explicit Transfers(uwsgi_thread *thread) : thread_(thread) {}

  void begin(uwsgi_offload_request *request) {
    request->next = first_;
    request->prev = nullptr;
    if (first_) first_->prev = request;
    first_ = request;
    call(request, -1);
  }

  void wake(int fd) {
    auto found = by_fd_.find(fd);
    if (found != by_fd_.end()) return call(found->second, fd);
    event_queue_del_fd(thread_->queue, fd, event_queue_read() | event_queue_write());
  }

  // Ends those whose peers did nothing for too long.
  void sweep(time_t now) {
    for (uwsgi_offload_request *request = first_; request;) {
      uwsgi_offload_request *next = request->next;
      if (request->expires && static_cast<time_t>(request->expires) < now) end(request);
      request = next;
    }
  }

  bool empty() const { return !first_; }

 private:
  void call(uwsgi_offload_request *request, int fd) {
    int result = -1;
    try {
      result = request->engine->event_func(thread_, request, fd);
    } catch (...) {
      uwsgi_log("offload engine %s threw an exception (the transfer ends)\n", request->engine->name);
    }
    if (result) return end(request);
    for (int used : {request->s, request->fd, request->fd2})
      if (used >= 0) by_fd_[used] = request;
    request->expires = request->timeout ? static_cast<uint64_t>(uwsgi_now()) + request->timeout : 0;
  }

  void end(uwsgi_offload_request *request) {
    for (auto entry = by_fd_.begin(); entry != by_fd_.end();)
      entry = entry->second == request ? by_fd_.erase(entry) : std::next(entry);
    (request->prev ? request->prev->next : first_) = request->next;
    if (request->next) request->next->prev = request->prev;
    if (!request->takeover)  // closing a descriptor takes it out of the queue, and this one stays open
      event_queue_del_fd(thread_->queue, request->s, event_queue_read() | event_queue_write());
    end_transfer(request);
  }

  uwsgi_thread *thread_;
  uwsgi_offload_request *first_ = nullptr;
  std::unordered_map<int, uwsgi_offload_request *> by_fd_;
};

void run(uwsgi_thread *thread) {
  Transfers mine(thread);
  std::unique_ptr<void, decltype(&free)> events(event_queue_alloc(kEvents), free);
  for (;;) {
    const int count =
        event_queue_wait_multi(thread->queue, mine.empty() ? -1 : kSweepSeconds, events.get(), kEvents);
    for (int i = 0; i < count; ++i) {
      const int fd = event_queue_interesting_fd(events.get(), i);
      if (fd != thread->pipe[1]) {
        mine.wake(fd);
        continue;
      }
      uwsgi_offload_request *request;
      if (read(fd, &request, sizeof request) == sizeof request) mine.begin(request);
    }
    mine.sweep(uwsgi_now());
  }
}

}  // namespace

void start_threads(int count) {
  for (int i = 0; i < count; ++i)
    if (uwsgi_thread *thread = uwsgi_thread_new(run)) threads.push_back(thread);
  if (!threads.empty()) uwsgi.offload_thread = threads.data();
}

bool running() {
  return !threads.empty();
}

int hand_over(const uwsgi_offload_request &request) {
  if (!running()) return -1;
  auto *copy = static_cast<uwsgi_offload_request *>(uwsgi_malloc(sizeof request));
  *copy = request;
  uwsgi_thread *thread = threads[next_thread.fetch_add(1, std::memory_order_relaxed) % threads.size()];
  transfers.fetch_add(1, std::memory_order_relaxed);
  // A pointer is written whole or, where the thread is far behind, not at all.
  if (write(thread->pipe[0], &copy, sizeof copy) == sizeof copy) return 0;
  transfers.fetch_sub(1, std::memory_order_relaxed);
  free(copy);
  return -1;
}

void wait_for_transfers(int seconds) {
  constexpr int kNapMs = 20;
  for (int naps = seconds * 1000 / kNapMs; naps > 0 && transfers.load(std::memory_order_acquire) > 0; --naps)
    poll(nullptr, 0, kNapMs);
}

}  // namespace mortise::offload
