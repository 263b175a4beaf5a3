#include "schedule.h"

#include <ctime>

namespace mortise::timers {

namespace {

constexpr int64_t kMinuteS = 60;

int64_t next_minute_ms(Now now) {
  return now.monotonic_ms + (kMinuteS - now.wall_s % kMinuteS) * 1000;
}

// The next due time after now that is a whole number of periods after the last one.
int64_t next_period_ms(int64_t due_ms, int64_t period_ms, int64_t now_ms) {
  return due_ms + ((now_ms - due_ms) / period_ms + 1) * period_ms;
}

}  // namespace

void Schedule::run(Now now, const std::function<void(uint8_t)> &raise) {
  const uint32_t count = registrations_.count();
  while (deadlines_.size() < count) {
    const Registration &added = registrations_.at(static_cast<uint32_t>(deadlines_.size()));
    int64_t due_ms = added.kind == Kind::kCron ? next_minute_ms(now) : now.monotonic_ms + added.period_ms;
    deadlines_.push_back({due_ms, added.iterations, now.wall_s / kMinuteS});
  }
  for (uint32_t i = 0; i < count; ++i)
    if (Deadline &deadline = deadlines_[i]; deadline.due_ms >= 0 && deadline.due_ms <= now.monotonic_ms)
      fire(registrations_.at(i), deadline, now, raise);
}

void Schedule::fire(const Registration &entry, Deadline &deadline, Now now,
                    const std::function<void(uint8_t)> &raise) {
  if (entry.kind == Kind::kCron) {
    const time_t wall = static_cast<time_t>(now.wall_s);
    tm local{};
    localtime_r(&wall, &local);
    // A clock that was set back shows a minute twice; the timer may also wake a little early.
    if (now.wall_s / kMinuteS != deadline.last_minute && matches(entry.cron, local)) raise(entry.signum);
    deadline.last_minute = now.wall_s / kMinuteS;
    deadline.due_ms = next_minute_ms(now);
    return;
  }
  raise(entry.signum);
  deadline.due_ms = next_period_ms(deadline.due_ms, entry.period_ms, now.monotonic_ms);
  if (entry.kind == Kind::kCounted && --deadline.left == 0) deadline.due_ms = -1;
}

int64_t Schedule::next_due_ms() const {
  int64_t next = -1;
  for (const Deadline &deadline : deadlines_)
    if (deadline.due_ms >= 0 && (next < 0 || deadline.due_ms < next)) next = deadline.due_ms;
  return next;
}

}  // namespace mortise::timers
