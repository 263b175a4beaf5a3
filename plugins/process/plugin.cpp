// The hook table and the options: what surrounds the server's processes and takes their place.
#include <uwsgi.h>

#include "environment_folder.h"
#include "last_worker.h"
#include "next_program.h"
#include "worker_program.h"

namespace {

using namespace mortise::process;

uwsgi_option options[] = {
    {"envdir", required_argument, 0, "set the environment variables that are files of this folder",
     read_environment_folder, nullptr, UWSGI_OPT_IMMEDIATE},
    {"early-envdir", required_argument, 0, "same", read_environment_folder, nullptr, UWSGI_OPT_IMMEDIATE},
    {"worker-exec", required_argument, 0,
     "run this program as each worker, with the first socket as its standard input", set_worker_program,
     &worker_program.at_once, 0},
    {"worker-exec2", required_argument, 0, "same, after the hooks post_fork and applications",
     set_worker_program, &worker_program.after_applications, 0},
    {"die-on-no-workers", no_argument, 0, "end the server when all of its workers have died", uwsgi_opt_true,
     &die_on_no_workers, 0},
    {"binary-path", required_argument, 0, "program that a reload executes (default: the one that runs)",
     set_next_program, nullptr, 0},
    UWSGI_END_OF_OPTIONS};

}  // namespace

uwsgi_plugin process_plugin = {
    .name = "process",
    .init = check_worker_program,
    .options = options,
    .master_cycle = end_without_workers,
    .worker = become_program,
    .pre_uwsgi_fork = look_for_workers,
    .post_uwsgi_fork = become_program_after_fork,
};
