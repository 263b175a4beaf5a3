// What the configuration says about carbon.
#pragma once

#include <uwsgi.h>

namespace mortise::carbon {

enum class IdleAverage { kLast, kZero, kNone };

struct Options {
  uwsgi_string_list *servers = nullptr;
  int freq_s = 60;
  int timeout_s = 3;
  int max_retries = 0;
  int retry_delay_s = 7;
  int no_workers = 0;
  int resolve_names = 0;
  int use_metrics = 0;
  char *id = nullptr;  // the first socket's name
  char *root = nullptr;
  char *hostname_dots = nullptr;
  char *idle_average = nullptr;
};

}  // namespace mortise::carbon
