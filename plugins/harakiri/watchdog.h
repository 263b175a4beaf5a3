// A thread in each worker that looks at the deadlines of its cores, and ends the worker where one has passed.
#pragma once

#include <cstdint>

namespace mortise::harakiri {

// Hook post_fork.
void start_watchdog();
// [worker, any thread] A deadline has changed.
void wake_watchdog();

// How long the other requests of a worker may go on.
int64_t bound_ms();

}  // namespace mortise::harakiri
