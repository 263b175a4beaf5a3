// Metrics and thresholds as the configuration writes them: lists of key=value pairs. A wrong one ends the
// server with a message.
#pragma once

#include <uwsgi.h>

namespace mortise::metrics {

// "name=x,type=gauge,collector=file,arg1=/proc/loadavg,freq=10,…", or a bare name: a counter that is set by
// hand. [load]
uwsgi_metric *define_metric(const char *text);

// "key=x,value=100,alarm=y,rate=60,reset=0,msg=…": what happens while metric x is at least 100. [load]
uwsgi_metric_threshold *define_threshold(const char *text);

}  // namespace mortise::metrics
