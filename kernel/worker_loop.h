// What the cores of one worker share: the epoll with its listeners, the connections, and whether the worker
// stops.
#pragma once

#include <sys/epoll.h>
#include <uwsgi.h>

#include <array>
#include <atomic>
#include <memory>

#include "kernel/connection.h"
#include "kernel/fd.h"
#include "kernel/flusher.h"
#include "kernel/lead.h"
#include "kernel/result.h"

namespace mortise {

// What an epoll event is about; kept in the low bits of its data.
enum class EventKind : uint64_t { kConnection = 0, kListener = 1, kStop = 2, kSignal = 3, kFlushed = 4 };

struct EventTag {
  uint64_t value;
  explicit EventTag(uint64_t raw) : value(raw) {}
  explicit EventTag(const Connection *connection) : value(reinterpret_cast<uintptr_t>(connection)) {}
  explicit EventTag(const uwsgi_socket *socket)
      : value(reinterpret_cast<uintptr_t>(socket) | static_cast<uint64_t>(EventKind::kListener)) {}
  EventTag(EventKind kind, int fd) : value(static_cast<uint64_t>(fd) << 3 | static_cast<uint64_t>(kind)) {}
  EventKind kind() const { return static_cast<EventKind>(value & 7); }
  int fd() const { return static_cast<int>(value >> 3); }
  template <typename T>
  T *pointer() const {
    return reinterpret_cast<T *>(value & ~uint64_t{7});
  }
};

// What epoll has reported and no core has dealt with yet; the leader's.
struct Events {
  std::array<epoll_event, 64> list;
  int count = 0, next = 0;
};

class WorkerLoop {
 public:
  explicit WorkerLoop(int cores) : several_cores_(cores > 1) {}
  // Watches the listeners, the signal sockets and the stop descriptor. [worker, one thread]
  static Result<std::unique_ptr<WorkerLoop>> create(int cores);

  int epoll() const { return epoll_.get(); }
  bool several_cores() const { return several_cores_; }
  // Which of several cores waits for events.
  Lead &lead() { return lead_; }
  Events &events() { return events_; }
  ConnectionTable &connections() { return connections_; }
  // Of slow clients; none where the cores wait through a loop engine.
  Flusher *flusher() { return flusher_.get(); }

  // The stop descriptor was seen: no more connections; idle ones may leave. False: that was done already.
  bool stop_accepting();
  bool stopping() const { return stopping_.load(std::memory_order_acquire); }
  int64_t stopped_at_ms() const { return stopped_at_ms_.load(std::memory_order_relaxed); }

  // Out of descriptors: accepting rests until a connection ends, or the next sweep, instead of spinning.
  void pause_accepting(int errnum);
  void resume_accepting();
  bool may_resume() const {
    return paused_.load(std::memory_order_relaxed) &&
           connections_.open() < open_at_pause_.load(std::memory_order_relaxed);
  }
  // As the master wants it: while the worker is suspended, new connections wait.
  void heed_pause_async_safe();

  // Whether there is anything that time must be kept for. With several cores there may always be: the one
  // that accepts a connection may be held by a hook when its deadline comes.
  bool needs_sweep() const {
    return several_cores_ || connections_.open() > 0 || paused_.load(std::memory_order_relaxed);
  }
  // What requests took lately decides whether another core is worth being woken before the next one. One that
  // was held up now and then does not count: most must have been long.
  void note_duration(uint64_t took_us) {
    constexpr uint64_t kWorthAWakeUs = 20;  // some times what a wake costs
    const int score = long_requests_.load(std::memory_order_relaxed);
    if (took_us >= kWorthAWakeUs ? score < kMostlyLong * 2 : score > 0)
      long_requests_.store(score + (took_us >= kWorthAWakeUs ? 1 : -1), std::memory_order_relaxed);
  }
  bool requests_are_long() const { return long_requests_.load(std::memory_order_relaxed) >= kMostlyLong; }

  // True for one caller a second (ten times a second while stopping), who then sweeps.
  bool sweep_due(int64_t now_ms);

  // Logs why a request was refused, at most ten a second, then how many were left out.
  void log_refusal(const wsgi_request &request);

 private:
  Result<void> watch(int fd, EventTag tag, uint32_t events);
  void watch_listeners_async_safe();
  void unwatch_listeners_async_safe();

  Fd epoll_;
  static constexpr int kMostlyLong = 8;
  const bool several_cores_;
  std::atomic<int> long_requests_{0};
  Lead lead_;
  Events events_;
  ConnectionTable connections_;
  std::unique_ptr<Flusher> flusher_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> paused_{false};
  std::atomic<int> open_at_pause_{0};
  std::atomic<int64_t> stopped_at_ms_{0};
  std::atomic<int64_t> last_pause_ms_{INT64_MIN / 2};
  std::atomic<int64_t> next_sweep_ms_{0};
  std::atomic<int64_t> log_second_{0};
  std::atomic<int> log_count_{0};
};

}  // namespace mortise
