// Takes the values of all metrics when they are due, and looks at their thresholds.
#pragma once

#include <uwsgi.h>

namespace mortise::metrics {

// Whether the threshold is crossed and its alarm is due at this time.
bool alarm_is_due(const uwsgi_metric_threshold &threshold, int64_t value, time_t now);

// One turn: collects what is due, raises alarms. [metrics process]
void collect(time_t now);

// The process of role "metrics": a turn each second until it is told to stop.
void run_collection(int id, void *);

}  // namespace mortise::metrics
