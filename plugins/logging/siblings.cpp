#include "siblings.h"

#include <uwsgi.h>

#include <fstream>
#include <string>

namespace mortise::logging {

bool siblings_left() {
  std::string master = std::to_string(uwsgi_master_pid());
  if (getppid() != uwsgi_master_pid()) return false;
  // proc(5): all threads of the master could have forked, but only its first one does.
  std::ifstream children("/proc/" + master + "/task/" + master + "/children");
  for (pid_t pid; children >> pid;)
    if (pid != getpid()) return true;
  return false;
}

}  // namespace mortise::logging
