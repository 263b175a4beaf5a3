// The hook table and the options: what processes are called, and on which CPUs workers run.
#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include "affinity.h"
#include "title.h"

namespace {

using namespace mortise::procname;

uwsgi_option options[] = {
    {"auto-procname", no_argument, 0, "processes are called after what they do", uwsgi_opt_true,
     &titles.automatic, 0},
    {"procname", required_argument, 0, "name of all processes", uwsgi_opt_set_str, &uwsgi.procname,
     UWSGI_OPT_PROCNAME},
    {"procname-master", required_argument, 0, "name of the master", uwsgi_opt_set_str, &uwsgi.procname_master,
     UWSGI_OPT_PROCNAME},
    {"procname-prefix", required_argument, 0, "what names begin with", uwsgi_opt_set_str, &titles.prefix,
     UWSGI_OPT_PROCNAME},
    {"procname-prefix-spaced", required_argument, 0, "what names begin with, and a blank", set_spaced_prefix,
     nullptr, UWSGI_OPT_PROCNAME},
    {"procname-append", required_argument, 0, "what names end with", uwsgi_opt_set_str, &titles.suffix,
     UWSGI_OPT_PROCNAME},
    {"cpu-affinity", required_argument, 0, "so many CPUs for each worker", uwsgi_opt_set_int,
     &cpus_of_a_worker, 0},
    UWSGI_END_OF_OPTIONS};

void name_master() {
  if (uwsgi_generation() >= 0) set_title("master");
}

void name_child(int step) {
  if (step == 1 && uwsgi.mywid == 0) set_title(role_of_child());
}

// Mules and spoolers call hook post_fork, too.
void name_worker() {
  if (uwsgi_generation() < 0 || uwsgi.mywid == 0) return;
  set_title("worker " + std::to_string(uwsgi.mywid));
  bind_to_cpus();
}

}  // namespace

uwsgi_plugin procname_plugin = {
    .name = "procname",
    .post_init = name_master,
    .post_fork = name_worker,
    .options = options,
    .post_uwsgi_fork = name_child,
};
