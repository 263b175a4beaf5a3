#include "kernel/clock.h"

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

}  // namespace mortise
