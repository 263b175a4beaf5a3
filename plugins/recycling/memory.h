// Memory of a process as /proc tells it.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace mortise::recycling {

// In bytes; pss and uss (private) cost the system a walk through all pages: only where they are asked for.
struct Memory {
  uint64_t as = 0, rss = 0, pss = 0, uss = 0;
};
Memory memory_of(pid_t pid, bool with_shares);

}  // namespace mortise::recycling
