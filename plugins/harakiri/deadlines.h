// When the request of each core is overdue. What requests ask for themselves is in memory that the master
// sees.
#pragma once

#include <cstdint>

namespace mortise::harakiri {

// [master, before the fork]
void create_deadlines();

// Of the request that a core serves.
struct Deadline {
  uint64_t due_us = 0;      // monotonic; 0: no request, or no limit
  uint64_t began_us = 0;    // monotonic
  uint64_t request_us = 0;  // request_started_us, by which requests are told apart; 0: no request
};
// The clock that it goes by; deadline_of() relies on it having been asked not long ago. [watchdog, master]
uint64_t now_us();
Deadline deadline_of(int wid, int core);

// [master] For workers whose own watchdog cannot act, being stopped or stuck in the system.
void kill_overdue_workers();

// [watchdog] Has the hooks `harakiri` of the plugins called in the master, and waits for that for a moment.
void tell_hooks_in_master();

// Also owned here: set_harakiri(), set_user_harakiri().

}  // namespace mortise::harakiri
