#include "kernel/clock.h"

#include <time.h>

#include <chrono>

namespace mortise {

namespace {
template <typename Unit>
auto count_since_start() {
  return std::chrono::duration_cast<Unit>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

int64_t monotonic_ms() {
  return count_since_start<std::chrono::milliseconds>();
}

uint64_t monotonic_us() {
  return static_cast<uint64_t>(count_since_start<std::chrono::microseconds>());
}

int64_t coarse_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

}  // namespace mortise
