// The hook table and the options.
#include <uwsgi.h>

#include "built_in_pushers.h"
#include "options.h"
#include "pushers.h"
#include "running_request.h"
#include "server.h"

namespace mortise::stats {

Options &options() {
  static Options values;
  return values;
}

namespace {

// A plugin that has the pusher is loaded where it is called like it.
void add_push_option(char *, char *value, void *) {
  uwsgi_string_new_list(&options().pushes, value);
  if (!strncmp(value, "rrdtool", 7)) uwsgi_load_plugin("rrdtool");
}

void set_zabbix_template(char *, char *value, void *) {
  options().zabbix_template = value && strcmp(value, "true") != 0 ? value : uwsgi_str("");
}

#define LIST(name, help, list) \
  { name, required_argument, 0, help, uwsgi_opt_add_string_list, &options().list, UWSGI_OPT_MASTER }
#define PUSH(name, help) \
  { name, required_argument, 0, help, add_push_option, nullptr, UWSGI_OPT_MASTER | UWSGI_OPT_METRICS }
#define FLAG(name, help, variable) \
  { name, no_argument, 0, help, uwsgi_opt_true, variable, 0 }
#define NUMBER(name, help, variable) \
  { name, required_argument, 0, help, uwsgi_opt_set_int, variable, 0 }

uwsgi_option option_rows[] = {
    LIST("stats", "give the statistics as JSON to whoever connects to this address", addresses),
    LIST("stats-server", "same as stats", addresses),
    LIST("prometheus", "serve /metrics for Prometheus on this address", prometheus),
    FLAG("stats-http", "speak HTTP: /metrics is for Prometheus, all else the JSON document",
         &uwsgi.stats_http),
    FLAG("stats-minified", "JSON without blanks", &options().minified),
    FLAG("stats-min", "same as stats-minified", &options().minified),
    FLAG("stats-no-cores", "statistics without single cores", &options().no_cores),
    FLAG("stats-no-metrics", "statistics without metrics", &options().no_metrics),
    PUSH("stats-push", "push statistics: NAME[:ARGUMENT]; file, socket, statsd, zabbix and those of plugins"),
    PUSH("stats-pusher", "same as stats-push"),
    NUMBER("stats-pusher-default-freq", "seconds between two pushes (default 3)", &options().push_freq_s),
    NUMBER("stats-pushers-default-freq", "same as stats-pusher-default-freq", &options().push_freq_s),
    NUMBER("stats-push-freq", "same as stats-pusher-default-freq", &options().push_freq_s),
    FLAG("statsd-all-gauges", "push all metrics to statsd as gauges", &options().statsd_all_gauges),
    FLAG("statsd-no-workers", "push no metrics of single workers to statsd", &options().statsd_no_workers),
    {"zabbix-template", optional_argument, 0,
     "write a Zabbix template of the metrics to a file, or to standard output", set_zabbix_template, nullptr,
     UWSGI_OPT_METRICS},
    UWSGI_END_OF_OPTIONS};

#undef LIST
#undef PUSH
#undef FLAG
#undef NUMBER

int init() {
  bind_addresses();
  return 0;
}

// Behind every init, where plugins add pushers and metrics and start threads.
void start() {
  for (uwsgi_string_list *item = options().pushes; item; item = item->next)
    if (!add_push(item->value)) exit(1);
  let_pushers_run();
  if (options().zabbix_template) write_zabbix_template(options().zabbix_template);
  if (!has_addresses()) return;
  const uwsgi_process_role role{"stats", 1, run_server, nullptr, 0};
  uwsgi_register_process(&role);
}

void after_fork() {
  if (options().addresses && !options().no_cores) allow_looking();
}

}  // namespace

}  // namespace mortise::stats

uwsgi_plugin stats_plugin = {
    .name = "stats",
    .on_load = mortise::stats::add_built_in_pushers,
    .init = mortise::stats::init,
    .post_init = mortise::stats::start,
    .post_fork = mortise::stats::after_fork,
    .options = mortise::stats::option_rows,
};
