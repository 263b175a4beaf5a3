// The hook table and the options: limits of the system, and capabilities that are kept when root is given up.
#include <uwsgi.h>

#include "capabilities.h"
#include "resources.h"

namespace {

using namespace mortise::limits;

uwsgi_option options[] = {
    {"limit-as", required_argument, 0, "megabytes of address space of each process", uwsgi_opt_set_int,
     &wanted.address_space_mb, UWSGI_OPT_MEMORY},
    {"limit-nproc", required_argument, 0, "processes of the user", uwsgi_opt_set_int, &wanted.processes, 0},
    {"never-swap", no_argument, 0, "keep all pages of the server in memory", uwsgi_opt_true,
     &wanted.lock_memory, 0},
    {"thread-stack-size", required_argument, 0, "kilobytes of stack of each thread", uwsgi_opt_set_int,
     &wanted.thread_stack_kb, 0},
    {"thread-stacksize", required_argument, 0, "same as thread-stack-size", uwsgi_opt_set_int,
     &wanted.thread_stack_kb, 0},
    {"threads-stack-size", required_argument, 0, "same as thread-stack-size", uwsgi_opt_set_int,
     &wanted.thread_stack_kb, 0},
    {"threads-stacksize", required_argument, 0, "same as thread-stack-size", uwsgi_opt_set_int,
     &wanted.thread_stack_kb, 0},
    {"prio", required_argument, 0, "niceness of all processes, from -20 to 19", uwsgi_opt_set_str,
     &wanted.priority, 0},
    {"cap", required_argument, 0,
     "capabilities to keep when root is given up, such as net_bind_service,sys_nice", add_capabilities,
     nullptr, 0},
    UWSGI_END_OF_OPTIONS};

void before_drop() {
  set_resources();
  keep_capabilities();
}

}  // namespace

uwsgi_plugin limits_plugin = {
    .name = "limits",
    .post_init = take_capabilities,
    .options = options,
    .before_privileges_drop = before_drop,
};
