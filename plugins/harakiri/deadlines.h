// When the request of each core is overdue. What requests ask for themselves is in memory that the master
// sees.
#pragma once

#include <cstdint>

namespace mortise::harakiri {

// [master, before the fork]
void create_deadlines();

// Microseconds since 1970 at which the request that core serves is overdue, 0 where there is none or no
// limit; how long it has been served.
struct Deadline {
  uint64_t due_us = 0;
  uint64_t started_us = 0;
};
Deadline deadline_of(int wid, int core);

// [master] For workers whose own watchdog cannot act, being stopped or stuck in the system.
void kill_overdue_workers();

// Also owned here: set_harakiri(), set_user_harakiri().

}  // namespace mortise::harakiri
