// The metrics that there are: uwsgi.metrics in the order of registration, found by name and by oid. Knows
// nothing of how values are collected.
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise::metrics {

uwsgi_metric *find_by_name(std::string_view name);
uwsgi_metric *find_by_oid(std::string_view oid);

// The metric of that name, a new counter with a value of its own where there was none. A value is in
// shared memory: metrics that are added after the fork exist in the process that added them.
uwsgi_metric *find_or_add(std::string_view name, std::string_view oid);

// Makes the metric another name for what the other one counts.
void make_alias(uwsgi_metric *metric, const uwsgi_metric *of);

uwsgi_metric_collector *find_collector(std::string_view name);
uwsgi_metric_collector *add_collector(const char *name, int64_t (*func)(uwsgi_metric *));

// Letters, digits and ".-_": a metric's name is also the name of a file in metrics-dir.
bool is_valid_name(std::string_view name);

}  // namespace mortise::metrics
