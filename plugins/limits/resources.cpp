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
  if (wanted.lock_memory && mlockall(MCL_CURRENT | MCL_FUTURE))
    uwsgi_log("warning: never-swap: %s (start as root, or raise ulimit -l)\n", strerror(errno));
}

}  // namespace mortise::limits
