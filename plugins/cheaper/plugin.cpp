// The hook table and the options: as many workers as the load needs.
#include <uwsgi.h>

#include "algorithms.h"
#include "idle.h"
#include "scaling.h"

namespace {

using namespace mortise::cheaper;

uwsgi_option options[] = {
    {"cheaper", required_argument, 0,
     "workers that run in any case; more, up to `workers`, as they are needed", uwsgi_opt_set_int,
     &uwsgi.cheaper_count, UWSGI_OPT_CHEAPER},
    {"cheaper-initial", required_argument, 0, "workers at the start", uwsgi_opt_set_int,
     &uwsgi.cheaper_initial, 0},
    {"cheaper-algo", required_argument, 0,
     "how the number is chosen: spare, spare2, backlog, busyness, manual, or a plugin's", uwsgi_opt_set_str,
     &uwsgi.requested_cheaper_algo, 0},
    {"cheaper-step", required_argument, 0, "workers to start at a time (default 1)", uwsgi_opt_set_int,
     &uwsgi.cheaper_step, 0},
    {"cheaper-overload", required_argument, 0,
     "seconds between two decisions, or connections that wait (default 3)", uwsgi_opt_set_64bit,
     &uwsgi.cheaper_overload, 0},
    {"cheaper-idle", required_argument, 0, "spare2: seconds of idleness before a worker goes (default 10)",
     uwsgi_opt_set_int, &spare2_idle_s, 0},
    {"cheaper-rss-limit-soft", required_argument, 0, "no more workers while they use so many bytes",
     uwsgi_opt_set_64bit, &memory_limits.soft, 0},
    {"cheaper-rss-limit-hard", required_argument, 0, "fewer workers while they use so many bytes",
     uwsgi_opt_set_64bit, &memory_limits.hard, 0},
    {"cheaper-algo-list", no_argument, 0, "log the algorithms that there are", uwsgi_opt_true,
     &list_algorithms, 0},
    {"cheaper-algos-list", no_argument, 0, "same as cheaper-algo-list", uwsgi_opt_true, &list_algorithms, 0},
    {"cheaper-list", no_argument, 0, "same as cheaper-algo-list", uwsgi_opt_true, &list_algorithms, 0},
    {"idle", required_argument, 0,
     "stop all workers after so many seconds without a request, until one comes", uwsgi_opt_set_int,
     &idle_seconds, 0},
    {"cheap", no_argument, 0, "start the workers when the first connection comes", uwsgi_opt_true,
     &start_cheap, 0},
    {"die-on-idle", no_argument, 0, "end the server where `idle` would stop its workers", uwsgi_opt_true,
     &die_on_idle, 0},
    UWSGI_END_OF_OPTIONS};

void on_load() {
  register_own_algorithms();
}

int init() {
  return prepare_scaling();
}

void cycle() {
  watch_idleness();
  scale();
}

}  // namespace

// mortise --check asks.
extern "C" UWSGI_API int uwsgi_check_plugin_cheaper() {
  return check_numbers();
}

uwsgi_plugin cheaper_plugin = {
    .name = "cheaper",
    .on_load = on_load,
    .init = init,
    .options = options,
    .master_cycle = cycle,
};
