// Deadlines of connections. All entries of one queue have the same duration, so that a queue in order of
// arrival is in order of expiry: setting a deadline moves an entry to the tail, a sweep looks at heads only.
// No clock, no timer.
#pragma once

#include <cstdint>

namespace mortise::http {

// An entry; leaves its queue when it is destroyed.
class Deadline {
 public:
  Deadline() = default;
  Deadline(const Deadline &) = delete;
  Deadline &operator=(const Deadline &) = delete;
  ~Deadline() { clear(); }

  void clear() {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    previous_ = next_ = this;
  }
  bool is_set() const { return next_ != this; }

 private:
  friend class DeadlineQueue;
  Deadline *previous_ = this;
  Deadline *next_ = this;
  uint64_t due_ms_ = 0;
};

class DeadlineQueue {
 public:
  // Milliseconds; 0: entries never expire.
  explicit DeadlineQueue(uint64_t duration_ms = 0) : duration_ms_(duration_ms) {}
  void set_duration(uint64_t duration_ms) { duration_ms_ = duration_ms; }
  uint64_t duration_ms() const { return duration_ms_; }

  // Sets or renews a deadline, whichever queue it was in.
  void set(Deadline &deadline, uint64_t now_ms) {
    deadline.clear();
    deadline.due_ms_ = now_ms + duration_ms_;
    deadline.next_ = &head_;
    deadline.previous_ = head_.previous_;
    head_.previous_->next_ = &deadline;
    head_.previous_ = &deadline;
  }

  // The first entry that is due, taken out; nullptr when there is none.
  Deadline *take_expired(uint64_t now_ms) { return duration_ms_ ? take_due(now_ms) : nullptr; }
  // Any entry, taken out; nullptr when the queue is empty.
  Deadline *take_any() { return take_due(UINT64_MAX); }

 private:
  Deadline *take_due(uint64_t now_ms) {
    Deadline *first = head_.next_;
    if (first == &head_ || first->due_ms_ > now_ms) return nullptr;
    first->clear();
    return first;
  }

  Deadline head_;
  uint64_t duration_ms_;
};

}  // namespace mortise::http
