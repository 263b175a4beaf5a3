// Keeps each metric in a file of rrdtool.
#include <uwsgi.h>

#include "library.h"

namespace mortise::rrdtool {

namespace {

struct {
  uwsgi_string_list *folders = nullptr;
  int freq_s = 300;
  char *library = nullptr;
} options;

uwsgi_stats_pusher *pusher = nullptr;

std::string file_of(const std::string &folder, const uwsgi_metric &metric) {
  return folder + "/" + metric.name + ".rrd";
}

// Five minutes for a day, an hour for a week, a day for a month, a week for a year.
bool create_files(const std::string &folder) {
  for (const uwsgi_metric *metric = uwsgi.metrics; metric; metric = metric->next) {
    const std::string file = file_of(folder, *metric);
    if (uwsgi_file_exists(file.c_str())) continue;
    const char *source =
        metric->type == UWSGI_METRIC_GAUGE ? "DS:metric:GAUGE:600:0:U" : "DS:metric:DERIVE:600:0:U";
    if (!run({"create", file, source, "RRA:AVERAGE:0.5:1:288", "RRA:AVERAGE:0.5:12:168",
              "RRA:AVERAGE:0.5:288:31", "RRA:AVERAGE:0.5:2016:52"}))
      return false;
  }
  return true;
}

void push(uwsgi_stats_pusher_instance *instance, time_t, char *, size_t) {
  if (!instance->configured) {
    instance->configured = 1;
    instance->freq = options.freq_s;
    instance->data = instance->arg;
    if (!open_library(options.library) || !instance->arg || !create_files(instance->arg))
      instance->data = nullptr;
  }
  if (!instance->data) return;
  for (uwsgi_metric *metric = uwsgi.metrics; metric; metric = metric->next) {
    const int64_t value = metric->reset_after_push
                              ? __atomic_exchange_n(metric->value, metric->initial_value, __ATOMIC_RELAXED)
                              : __atomic_load_n(metric->value, __ATOMIC_RELAXED);
    run({"update", file_of(instance->arg, *metric), "N:" + std::to_string(value)});
  }
}

void register_pusher() {
  pusher = uwsgi_register_stats_pusher("rrdtool", push);
  pusher->raw = 1;
}

void start() {
  for (uwsgi_string_list *item = options.folders; item; item = item->next) {
    if (!open_library(options.library)) exit(1);
    uwsgi_stats_pusher_add(pusher, item->value)->freq = options.freq_s;
  }
}

uwsgi_option option_rows[] = {
    {"rrdtool", required_argument, 0, "keep each metric in an rrd file in this folder",
     uwsgi_opt_add_string_list, &options.folders, UWSGI_OPT_MASTER | UWSGI_OPT_METRICS},
    {"rrdtool-freq", required_argument, 0, "seconds between two updates (default 300)", uwsgi_opt_set_int,
     &options.freq_s, 0},
    {"rrdtool-lib", required_argument, 0, "the library's file (default librrd.so)", uwsgi_opt_set_str,
     &options.library, 0},
    UWSGI_END_OF_OPTIONS};

}  // namespace

}  // namespace mortise::rrdtool

uwsgi_plugin rrdtool_plugin = {
    .name = "rrdtool",
    .on_load = mortise::rrdtool::register_pusher,
    .post_init = mortise::rrdtool::start,
    .options = mortise::rrdtool::option_rows,
};
