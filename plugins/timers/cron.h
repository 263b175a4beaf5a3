// When a cron entry is due. Pure functions over broken-down time.
#pragma once

#include <ctime>

namespace mortise::timers {

// As in crontab(5), with -1 for any and -n for each that n divides.
struct CronTime {
  int minute, hour, day, month, weekday;
  bool operator==(const CronTime &) const = default;
};

// Whether every member is something that a local time can match.
bool is_valid(const CronTime &);

// Whether the entry is due in the minute of this local time.
bool matches(const CronTime &, const tm &local);

}  // namespace mortise::timers
