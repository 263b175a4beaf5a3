// The hook table and the options.
#include <uwsgi.h>

#include "collection.h"
#include "collectors.h"
#include "definitions.h"
#include "options.h"
#include "server_metrics.h"
#include "value.h"
#include "value_files.h"

namespace mortise::metrics {

Options &options() {
  static Options values;
  return values;
}

namespace {

void set_memory_report(char *, char *value, void *) {
  const bool bare = !value || !*value || !strcmp(value, "true");
  uwsgi.logging_options.memory_report =
      bare ? 1 : static_cast<int>(uwsgi_str_num(value, static_cast<int>(strlen(value))));
}

#define LIST(name, help, list, flags) \
  { name, required_argument, 0, help, uwsgi_opt_add_string_list, &options().list, flags }
#define FLAG(name, help, variable) \
  { name, no_argument, 0, help, uwsgi_opt_true, variable, 0 }

constexpr uint64_t kOn = UWSGI_OPT_METRICS | UWSGI_OPT_MASTER;

uwsgi_option option_rows[] = {
    {"enable-metrics", no_argument, 0, "collect metrics", uwsgi_opt_true, &uwsgi.has_metrics,
     UWSGI_OPT_MASTER},
    LIST("metric", "add a metric: a name, or name=x,type=gauge,collector=file,…", metrics, kOn),
    LIST("metric-threshold", "key=metric,value=n,alarm=name[,rate=seconds,reset=n,msg=text]", thresholds,
         kOn),
    LIST("metric-alarm", "same as metric-threshold", thresholds, kOn),
    LIST("alarm-metric", "same as metric-threshold", thresholds, kOn),
    {"metrics-dir", required_argument, 0, "each metric's value as a file in this folder", uwsgi_opt_set_str,
     &options().folder, kOn},
    {"metric-dir", required_argument, 0, "same as metrics-dir", uwsgi_opt_set_str, &options().folder, kOn},
    FLAG("metrics-dir-restore", "start with the values that metrics-dir has", &options().restore),
    FLAG("metric-dir-restore", "same as metrics-dir-restore", &options().restore),
    FLAG("metrics-no-cores", "no metrics of single cores", &options().no_cores),
    {"memory-report", optional_argument, 'm', "keep the sizes of workers up to date", set_memory_report,
     nullptr, 0},
    LIST("alarm-backlog", "raise this alarm when a listen queue is full", backlog_alarms, UWSGI_OPT_MASTER),
    LIST("backlog-alarm", "same as alarm-backlog", backlog_alarms, UWSGI_OPT_MASTER),
    LIST("alarm-lq", "same as alarm-backlog", backlog_alarms, UWSGI_OPT_MASTER),
    LIST("lq-alarm", "same as alarm-backlog", backlog_alarms, UWSGI_OPT_MASTER),
    LIST("alarm-listen-queue", "same as alarm-backlog", backlog_alarms, UWSGI_OPT_MASTER),
    LIST("listen-queue-alarm", "same as alarm-backlog", backlog_alarms, UWSGI_OPT_MASTER),
    UWSGI_END_OF_OPTIONS};

#undef LIST
#undef FLAG

int define_metrics() {
  add_server_metrics(!options().no_cores);
  for (uwsgi_string_list *item = options().metrics; item; item = item->next) define_metric(item->value);
  for (uwsgi_string_list *item = options().thresholds; item; item = item->next) define_threshold(item->value);
  return 0;
}

int init() {
  return uwsgi.has_metrics ? define_metrics() : 0;
}

// Plugins set the member of what uwsgi_register_metric() gave them.
void begin_with_initial_values() {
  for (uwsgi_metric *metric = uwsgi.metrics; metric; metric = metric->next)
    if (!metric->collector && metric->type != UWSGI_METRIC_ALIAS && get(metric) == 0)
      set(metric, metric->initial_value);
}

// Behind every init, where other plugins add metrics. A trial writes no files that the running server owns.
void start() {
  begin_with_initial_values();
  if (uwsgi.has_metrics && options().folder && uwsgi_generation() >= 0 &&
      open_value_files(options().folder, options().restore))
    exit(1);
  if (!uwsgi.has_metrics && !options().backlog_alarms && !uwsgi.logging_options.memory_report &&
      !uwsgi.force_get_memusage)
    return;
  const uwsgi_process_role role{"metrics", 1, run_collection, nullptr, 0};
  uwsgi_register_process(&role);
}

}  // namespace

}  // namespace mortise::metrics

uwsgi_plugin metrics_plugin = {
    .name = "metrics",
    .on_load = mortise::metrics::add_built_in_collectors,
    .init = mortise::metrics::init,
    .post_init = mortise::metrics::start,
    .options = mortise::metrics::option_rows,
};
