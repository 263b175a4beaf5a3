// Asks the algorithm once a second, within the bounds of number and memory, and starts and retires workers.
#pragma once

#include <cstdint>

namespace mortise::cheaper {

struct MemoryLimits {
  uint64_t soft = 0, hard = 0;  // bytes of all workers together; 0: none
};
inline MemoryLimits memory_limits;
inline int list_algorithms = 0;

// 0, or -1 with a message: numbers that contradict each other.
int check_numbers();
// [master, before the fork] 0, or -1 with a message.
int prepare_scaling();
// Hook master_cycle.
void scale();

}  // namespace mortise::cheaper
