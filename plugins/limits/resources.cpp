#include "resources.h"

#include <uwsgi.h>

namespace mortise::limits {

namespace {

void set(const char *option, __rlimit_resource resource, rlim_t value) {
  rlimit limit{value, value};
  if (setrlimit(resource, &limit) == 0) return;
  uwsgi_log("error: %s: %s\n", option, strerror(errno));
  exit(71);
}

}  // namespace

void set_resources() {
  if (wanted.address_space_mb > 0)
    set("limit-as", RLIMIT_AS, static_cast<rlim_t>(wanted.address_space_mb) * 1024 * 1024);
  if (wanted.processes > 0) set("limit-nproc", RLIMIT_NPROC, static_cast<rlim_t>(wanted.processes));
  if (wanted.thread_stack_kb > 0) {
    pthread_attr_t threads;
    pthread_attr_init(&threads);
    int failed = pthread_attr_setstacksize(&threads, static_cast<size_t>(wanted.thread_stack_kb) * 1024);
    if (!failed) failed = pthread_setattr_default_np(&threads);
    if (failed)
      uwsgi_log("warning: thread-stack-size: %s (the system's default is used)\n", strerror(failed));
    pthread_attr_destroy(&threads);
  }
  if (wanted.priority && setpriority(PRIO_PROCESS, 0, atoi(wanted.priority)))
    uwsgi_log("warning: prio = %s: %s (start as root, or give a positive number)\n", wanted.priority,
              strerror(errno));
  if (wanted.lock_memory && mlockall(MCL_CURRENT | MCL_FUTURE))
    uwsgi_log("warning: never-swap: %s (start as root, or raise ulimit -l)\n", strerror(errno));
}

}  // namespace mortise::limits
