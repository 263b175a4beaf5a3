// What the configuration says about statistics.
#pragma once

#include <uwsgi.h>

namespace mortise::stats {

struct Options {
  uwsgi_string_list *addresses = nullptr;
  uwsgi_string_list *prometheus = nullptr;
  uwsgi_string_list *pushes = nullptr;
  int minified = 0;
  int no_cores = 0;
  int no_metrics = 0;
  int push_freq_s = 3;  // of pushers that say nothing else
  int statsd_all_gauges = 0;
  int statsd_no_workers = 0;
  char *zabbix_template = nullptr;  // where to write it; "": standard output
};

Options &options();

}  // namespace mortise::stats
