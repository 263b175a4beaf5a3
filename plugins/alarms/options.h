// What the configuration says about alarms.
#pragma once

#include <uwsgi.h>

namespace mortise::alarms {

struct Options {
  uwsgi_string_list *alarms = nullptr;
  uwsgi_string_list *fds = nullptr;
  uwsgi_string_list *segfault = nullptr;
  uwsgi_string_list *log = nullptr;      // log-alarm
  uwsgi_string_list *not_log = nullptr;  // not-log-alarm
  int freq_s = 3;                        // in which the same message is not raised again
  int message_bytes = 8192;
  int list = 0;
};

Options &options();

}  // namespace mortise::alarms
