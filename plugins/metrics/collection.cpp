#include "collection.h"

#include "listen_queues.h"
#include "options.h"
#include "value.h"
#include "value_files.h"

namespace mortise::metrics {

namespace {

constexpr uint64_t kTurnMicros = 1'000'000;

void check_thresholds(uwsgi_metric *metric, int64_t value, time_t now) {
  for (uwsgi_metric_threshold *threshold = metric->thresholds; threshold; threshold = threshold->next) {
    if (value < threshold->value) continue;
    if (threshold->reset) set(metric, threshold->reset_value);
    if (!alarm_is_due(*threshold, value, now)) continue;
    threshold->last_alarm = now;
    if (threshold->msg)
      uwsgi_alarm_trigger(threshold->alarm, threshold->msg, threshold->msg_len);
    else
      uwsgi_alarm_trigger(threshold->alarm, metric->name, metric->name_len);
  }
}

// Waits until the monotonic clock says `until`; false when the process is to stop.
bool wait_until(uint64_t until) {
  for (;;) {
    const uint64_t now = uwsgi_monotonic_micros();
    if (now >= until) return !uwsgi_stopping();
    pollfd stop{uwsgi_stop_fd(), POLLIN, 0};
    if (poll(&stop, 1, static_cast<int>((until - now + 999) / 1000)) > 0) return false;
  }
}

}  // namespace

bool alarm_is_due(const uwsgi_metric_threshold &threshold, int64_t value, time_t now) {
  return threshold.alarm && value >= threshold.value && threshold.last_alarm + threshold.rate <= now;
}

void collect(time_t now) {
  for (uwsgi_metric *metric = uwsgi.metrics; metric; metric = metric->next) {
    // A clock that was set back must not stop the collection.
    if (now >= metric->last_update && now - metric->last_update < static_cast<time_t>(metric->freq)) continue;
    metric->last_update = now;
    if (metric->collector) set(metric, metric->initial_value + metric->collector->func(metric));
    const int64_t value = get(metric);
    write_value_file(metric, value);
    check_thresholds(metric, value, now);
  }
}

void run_collection(int, void *) {
  uwsgi_process_ready();
  for (uint64_t turn = uwsgi_monotonic_micros(); wait_until(turn);) {
    uwsgi_sample_workers();
    uwsgi_sample_listen_queues();
    report_full_queues();
    if (uwsgi.has_metrics) collect(uwsgi_now());
    // What was slow is not made up for.
    const uint64_t now = uwsgi_monotonic_micros();
    turn = now - turn < kTurnMicros ? turn + kTurnMicros : now + kTurnMicros;
  }
  // What happened since is in the files, for a start that goes on from them.
  uwsgi_sample_workers();
  if (uwsgi.has_metrics) collect(uwsgi_now() + 1);
}

}  // namespace mortise::metrics
