// What the processes of the server asked for: a list in shared memory that only grows. Knows nothing of time
// passing.
#pragma once

#include <uwsgi.h>

#include <atomic>
#include <cstdint>

#include "cron.h"

namespace mortise::timers {

enum class Kind : uint8_t { kPeriodic, kCounted, kCron };

struct Registration {
  Kind kind;
  uint8_t signum;
  int64_t period_ms;   // of the first two kinds
  int32_t iterations;  // of kCounted
  CronTime cron;       // of kCron
  bool operator==(const Registration &) const = default;
};

// Writers hold the lock; the master reads what is below `count` without it, so that no dying worker can stop
// it.
class Registrations {
 public:
  enum class Added { kNew, kKnown, kFull };
  // Appends unless an equal one is there. [any process]
  Added add(const Registration &);

  uint32_t count() const { return count_.load(std::memory_order_acquire); }
  const Registration &at(uint32_t index) const { return entries_[index]; }

  static constexpr uint32_t kCapacity = 512;
  // In shared memory; for processes that are forked later, too. [master]
  static Registrations *create_shared();
  uwsgi_lock_item *lock = nullptr;  // null: there is one process

 private:
  std::atomic<uint32_t> count_;
  Registration entries_[kCapacity];
};

}  // namespace mortise::timers
