// setrlimit(2), mlockall(2), stacks of threads.
#pragma once

namespace mortise::limits {

struct Resources {
  int address_space_mb = 0;
  int processes = 0;
  int lock_memory = 0;
  int thread_stack_kb = 0;
  char *priority = nullptr;  // nice(2)
};
inline Resources wanted;

// [master, as root where it was started so] Ends the server where a limit cannot be set.
void set_resources();

}  // namespace mortise::limits
