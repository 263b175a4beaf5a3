#include "cron.h"

namespace mortise::timers {

namespace {

bool in_range(int value, int lowest, int highest) {
  return value < 0 || (value >= lowest && value <= highest);
}

bool field_matches(int wanted, int actual) {
  if (wanted == -1) return true;
  return wanted < -1 ? actual % -wanted == 0 : wanted == actual;
}

}  // namespace

bool is_valid(const CronTime &time) {
  return in_range(time.minute, 0, 59) && in_range(time.hour, 0, 23) && in_range(time.day, 1, 31) &&
         in_range(time.month, 1, 12) && in_range(time.weekday, 0, 7);
}

bool matches(const CronTime &time, const tm &local) {
  if (!field_matches(time.minute, local.tm_min) || !field_matches(time.hour, local.tm_hour) ||
      !field_matches(time.month, local.tm_mon + 1))
    return false;
  bool day = field_matches(time.day, local.tm_mday);
  bool weekday = field_matches(time.weekday == 7 ? 0 : time.weekday, local.tm_wday);
  return time.day == -1 || time.weekday == -1 ? day && weekday : day || weekday;
}

}  // namespace mortise::timers
