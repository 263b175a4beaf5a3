// What the configuration says about metrics.
#pragma once

#include <uwsgi.h>

namespace mortise::metrics {

struct Options {
  int no_cores = 0;
  int restore = 0;  // metrics-dir-restore
  char *folder = nullptr;
  uwsgi_string_list *metrics = nullptr;
  uwsgi_string_list *thresholds = nullptr;
  uwsgi_string_list *backlog_alarms = nullptr;
};

Options &options();

}  // namespace mortise::metrics
