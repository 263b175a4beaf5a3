// The share of time that workers spend in requests, and how many workers that asks for.
#pragma once

#include <cstdint>

namespace mortise::cheaper {

struct Busyness {
  uint64_t most = 50, least = 25;  // percent
  uint64_t multiplier = 10, penalty = 2;
  uint64_t backlog_alert = 33, backlog_multiplier = 3, backlog_step = 1, backlog_seconds = 60;
  int verbose = 0;
};
inline Busyness busyness;

int decide_by_busyness(int can_spawn);

}  // namespace mortise::cheaper
