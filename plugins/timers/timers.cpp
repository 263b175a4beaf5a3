// The functions of <mortise/timers.h>.
#include <uwsgi.h>

#include "clockwork.h"

namespace mortise::timers {

namespace {

int refuse(uint8_t signum, const char *why) {
  uwsgi_log("timers: no timer for signal %d: %s\n", signum, why);
  return -1;
}

int add(const Registration &wanted) {
  Registrations *list = registrations();
  if (!list)
    return refuse(wanted.signum, "there is no master process to keep the time (remove master = false)");
  switch (list->add(wanted)) {
    case Registrations::Added::kFull:
      return refuse(wanted.signum,
                    "the table is full (register each timer under the same signal in every process)");
    case Registrations::Added::kNew:
      wake_master();
      return 0;
    case Registrations::Added::kKnown:
      return 0;
  }
  return -1;
}

int add_periodic(uint8_t signum, int64_t period_ms, int iterations) {
  if (period_ms <= 0) return refuse(signum, "its period must be positive");
  if (iterations < 0) return refuse(signum, "its iterations must not be negative");
  return add({iterations ? Kind::kCounted : Kind::kPeriodic, signum, period_ms, iterations, {}});
}

}  // namespace

}  // namespace mortise::timers

using namespace mortise::timers;

extern "C" {

int uwsgi_add_timer(uint8_t signum, int seconds) {
  return add_periodic(signum, seconds * INT64_C(1000), 0);
}

int uwsgi_add_ms_timer(uint8_t signum, int milliseconds) {
  return add_periodic(signum, milliseconds, 0);
}

int uwsgi_add_timer_hr(uint8_t signum, int seconds, long nanoseconds) {
  return add_periodic(signum, seconds * INT64_C(1000) + nanoseconds / 1000000, 0);
}

int uwsgi_signal_add_rb_timer(uint8_t signum, int seconds, int iterations) {
  return add_periodic(signum, seconds * INT64_C(1000), iterations);
}

int uwsgi_signal_add_cron(uint8_t signum, int minute, int hour, int day, int month, int weekday) {
  const CronTime time{minute, hour, day, month, weekday};
  if (!is_valid(time))
    return refuse(signum,
                  "its cron time never comes (minute 0-59, hour 0-23, day 1-31, month 1-12, "
                  "weekday 0-7, or negative)");
  return add({Kind::kCron, signum, 0, 0, time});
}

}  // extern "C"
