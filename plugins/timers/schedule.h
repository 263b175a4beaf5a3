// When each registration is due next. Told the time, never asks for it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "registrations.h"

namespace mortise::timers {

struct Now {
  int64_t monotonic_ms;
  int64_t wall_s;  // since 1970; only cron looks at it
};

class Schedule {
 public:
  explicit Schedule(const Registrations &registrations) : registrations_(registrations) {}

  // Takes in new registrations, then calls raise(signum) for each that is due. [master]
  void run(Now now, const std::function<void(uint8_t)> &raise);

  // Monotonic milliseconds of what is due next, -1 when nothing ever is.
  int64_t next_due_ms() const;

 private:
  struct Deadline {
    int64_t due_ms;       // -1: over
    int32_t left;         // iterations, of kCounted
    int64_t last_minute;  // in which a kCron entry was looked at
  };
  void fire(const Registration &, Deadline &, Now now, const std::function<void(uint8_t)> &raise);

  const Registrations &registrations_;
  std::vector<Deadline> deadlines_;  // by index of the registration
};

}  // namespace mortise::timers
