// Moments of the wall clock as moments of a clock that nobody sets: the server notes with the wall clock when
// requests begin, and deadlines must outlast a clock that jumps.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

namespace mortise::harakiri {

class SteadyTime {
 public:
  // The two clocks, in microseconds; now() is to be called more often than the wall clock jumps.
  SteadyTime(std::function<uint64_t()> wall, std::function<uint64_t()> steady)
      : wall_(std::move(wall)), steady_(std::move(steady)) {}
  uint64_t now();
  // When the wall clock showed this; of several moments the last one that is not to come.
  uint64_t of(uint64_t wall_us) const;

 private:
  std::function<uint64_t()> wall_, steady_;
  uint64_t now_us_ = 0;
  std::array<int64_t, 4> offsets_{};  // of the wall clock, the latest first
};

}  // namespace mortise::harakiri
