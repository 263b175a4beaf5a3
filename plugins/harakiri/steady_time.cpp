#include "steady_time.h"

#include <algorithm>
#include <cstdlib>

namespace mortise::harakiri {

namespace {

constexpr int64_t kJumpUs = 50'000;  // less is how clocks are slewed

}  // namespace

uint64_t SteadyTime::now() {
  now_us_ = steady_();
  const int64_t offset = static_cast<int64_t>(wall_()) - static_cast<int64_t>(now_us_);
  if (offsets_.back() == 0) offsets_.fill(offset);
  if (std::abs(offset - offsets_.front()) < kJumpUs) {
    offsets_.front() = offset;
  } else {
    std::rotate(offsets_.begin(), offsets_.end() - 1, offsets_.end());
    offsets_.front() = offset;
  }
  return now_us_;
}

uint64_t SteadyTime::of(uint64_t wall_us) const {
  int64_t best = 0;
  for (int64_t offset : offsets_) {
    const int64_t moment = static_cast<int64_t>(wall_us) - offset;
    if (moment <= static_cast<int64_t>(now_us_)) best = std::max(best, moment);
  }
  return best > 0 ? static_cast<uint64_t>(best) : now_us_;
}

}  // namespace mortise::harakiri
