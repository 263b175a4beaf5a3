// The hook table and the options: requests that take too long.
#include <uwsgi.h>

#include "deadlines.h"
#include "options.h"
#include "watchdog.h"

namespace {

using namespace mortise::harakiri;

void always(char *name, char *, void *) {
  uwsgi_log("option '%s' has no effect: after_request is not called for a request that hangs\n", name);
}

uwsgi_option table[] = {
    {"harakiri", required_argument, 't',
     "seconds a request may take; then it is answered 504 and its worker ends", uwsgi_opt_set_int,
     &uwsgi.harakiri_options.workers, 0},
    {"harakiri-verbose", no_argument, 0,
     "log the stacks of all threads of the worker, and what they wait for", uwsgi_opt_true, &options.verbose,
     0},
    {"harakiri-graceful-timeout", required_argument, 0,
     "seconds the worker's other requests have then (default: worker-reload-mercy)", uwsgi_opt_set_int,
     &options.graceful_seconds, 0},
    {"harakiri-graceful-signal", required_argument, 0,
     "number of a signal that the worker gets when harakiri-graceful-timeout begins", uwsgi_opt_set_int,
     &options.graceful_signal, 0},
    {"harakiri-queue-threshold", required_argument, 0, "only while more connections than this wait",
     uwsgi_opt_set_int, &options.queue_threshold, 0},
    {"harakiri-no-arh", no_argument, 0, "no after_request hook for a request that hangs (always so)", always,
     nullptr, 0},
    UWSGI_END_OF_OPTIONS};

int init() {
  create_deadlines();
  return 0;
}

}  // namespace

uwsgi_plugin harakiri_plugin = {
    .name = "harakiri",
    .init = init,
    .post_fork = start_watchdog,
    .options = table,
    .master_cycle = kill_overdue_workers,
};
