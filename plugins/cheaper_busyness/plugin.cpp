// The hook table and the options: the algorithm `busyness` of plugins/cheaper.
#include <uwsgi.h>

#include "busyness.h"

namespace {

using namespace mortise::cheaper;

uwsgi_option options[] = {
    {"cheaper-busyness-max", required_argument, 0, "percent above which workers are added (default 50)",
     uwsgi_opt_set_64bit, &busyness.most, 0},
    {"cheaper-busyness-min", required_argument, 0, "percent below which one is taken away (default 25)",
     uwsgi_opt_set_64bit, &busyness.least, 0},
    {"cheaper-busyness-multiplier", required_argument, 0,
     "decisions that a worker must be superfluous for (default 10)", uwsgi_opt_set_64bit,
     &busyness.multiplier, 0},
    {"cheaper-busyness-penalty", required_argument, 0,
     "added to the multiplier when one was taken away too early (default 2)", uwsgi_opt_set_64bit,
     &busyness.penalty, 0},
    {"cheaper-busyness-verbose", no_argument, 0, "log what is measured", uwsgi_opt_true, &busyness.verbose,
     0},
    {"cheaper-busyness-backlog-alert", required_argument, 0,
     "connections that wait before workers are added at once (default 33)", uwsgi_opt_set_64bit,
     &busyness.backlog_alert, 0},
    {"cheaper-busyness-backlog-multiplier", required_argument, 0,
     "multiplier for workers added so (default 3)", uwsgi_opt_set_64bit, &busyness.backlog_multiplier, 0},
    {"cheaper-busyness-backlog-step", required_argument, 0, "workers to add then (default 1)",
     uwsgi_opt_set_64bit, &busyness.backlog_step, 0},
    {"cheaper-busyness-backlog-nonzero", required_argument, 0,
     "seconds for which any connection may wait before a worker is added (default 60)", uwsgi_opt_set_64bit,
     &busyness.backlog_seconds, 0},
    UWSGI_END_OF_OPTIONS};

void on_load() {
  uwsgi_register_cheaper_algo("busyness", decide_by_busyness);
}

}  // namespace

uwsgi_plugin cheaper_busyness_plugin = {
    .name = "cheaper_busyness",
    .on_load = on_load,
    .options = options,
};
