// The hook table and the options: workers that have served long enough are replaced.
#include <uwsgi.h>

#include "limits.h"
#include "review.h"

namespace {

using namespace mortise::recycling;

uwsgi_option options[] = {
    {"max-requests", required_argument, 'R', "replace a worker that has served so many requests",
     uwsgi_opt_set_int, &uwsgi.max_requests, 0},
    {"max-requests-delta", required_argument, 0, "add this times the worker's number to max-requests",
     uwsgi_opt_set_int, &limits.requests_delta, 0},
    {"min-worker-lifetime", required_argument, 0, "seconds a worker serves in any case (default 60)",
     uwsgi_opt_set_int, &limits.least_lifetime, 0},
    {"max-worker-lifetime", required_argument, 0, "replace a worker after so many seconds", uwsgi_opt_set_int,
     &limits.lifetime, 0},
    {"max-worker-lifetime-delta", required_argument, 0,
     "add this times the worker's number to max-worker-lifetime", uwsgi_opt_set_int, &limits.lifetime_delta,
     0},
    {"reload-on-as", required_argument, 0, "replace a worker whose address space reaches so many megabytes",
     uwsgi_opt_set_int, &uwsgi.reload_on_as, UWSGI_OPT_MEMORY},
    {"reload-on-rss", required_argument, 0,
     "replace a worker whose resident memory reaches so many megabytes", uwsgi_opt_set_int, &limits.rss,
     UWSGI_OPT_MEMORY},
    {"reload-on-pss", required_argument, 0,
     "replace a worker whose share of memory (PSS) reaches so many megabytes", uwsgi_opt_set_int, &limits.pss,
     0},
    {"reload-on-uss", required_argument, 0,
     "replace a worker whose private memory (USS) reaches so many megabytes", uwsgi_opt_set_int, &limits.uss,
     0},
    {"evil-reload-on-as", required_argument, 0, "kill a worker whose address space reaches so many megabytes",
     uwsgi_opt_set_int, &limits.evil_as, UWSGI_OPT_MEMORY},
    {"evil-reload-on-rss", required_argument, 0,
     "kill a worker whose resident memory reaches so many megabytes", uwsgi_opt_set_int, &limits.evil_rss,
     UWSGI_OPT_MEMORY},
    UWSGI_END_OF_OPTIONS};

}  // namespace

uwsgi_plugin recycling_plugin = {
    .name = "recycling",
    .options = options,
    .master_cycle = review_workers,
};
