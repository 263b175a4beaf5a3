// When a cron job is due. Pure functions.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::daemons {

// As in crontab(5), with -1 (or *) for any and -n (or */n) for each that n divides.
struct CronTime {
  int minute = -1, hour = -1, day = -1, month = -1, week = -1;
};

bool matches(const CronTime &time, const tm &local);

// One field; nothing where it is no number that the field can have.
std::optional<int> parse_field(std::string_view text, int least, int most);

struct CronLine {
  CronTime time;
  std::string command;
};
// "minute hour day month weekday command".
std::optional<CronLine> parse_cron_line(std::string_view text);

}  // namespace mortise::daemons
