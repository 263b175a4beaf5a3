// One line per request, in the form that uWSGI's users parse. Client errors and server errors are logged even
// where
// --disable-logging is set, so that a failing service is never silent.
#pragma once

#include <uwsgi.h>

namespace mortise {

struct AccessLogOptions {
  int disabled = 0;  // --disable-logging
  int slow_ms = 0;   // --log-slow: requests that took as long are always logged
};

// Written by options in the master before the fork. [any thread reads]
AccessLogOptions &access_log_options();

// Writes the line if the options ask for it. [worker]
void log_if_wanted(wsgi_request *request);

}  // namespace mortise
