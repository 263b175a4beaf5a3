// Time: the monotonic clock for durations and deadlines. The wall clock and dates are in the C API (uwsgi.h).
#pragma once

#include <cstdint>

namespace mortise {

// [any thread] Since an unspecified start; never goes back. Deadlines of the kernel are in these
// milliseconds.
int64_t monotonic_ms();
uint64_t monotonic_us();
// The same milliseconds as of the last tick of the system (1 to 10 ms ago), at a third of the cost.
int64_t coarse_ms();

}  // namespace mortise
