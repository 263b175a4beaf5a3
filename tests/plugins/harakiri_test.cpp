#include "plugins/harakiri/steady_time.h"

#include <catch2/catch.hpp>

using mortise::harakiri::SteadyTime;

namespace {

constexpr uint64_t kSecond = 1'000'000, kHour = 3600 * kSecond;

struct Clocks {
  uint64_t wall = 1'700'000'000 * kSecond, steady = 500 * kSecond;
  void pass(uint64_t us) { wall += us, steady += us; }
};

}  // namespace

TEST_CASE("a moment of a clock that nobody sets is itself", "[harakiri]") {
  Clocks clocks;
  SteadyTime time([&] { return clocks.wall; }, [&] { return clocks.steady; });
  time.now();
  const uint64_t began_wall = clocks.wall, began = clocks.steady;
  clocks.pass(3 * kSecond);
  CHECK(time.now() == began + 3 * kSecond);
  CHECK(time.of(began_wall) == began);
}

TEST_CASE("a request that began before the clock was set, or after it, has not become older", "[harakiri]") {
  Clocks clocks;
  SteadyTime time([&] { return clocks.wall; }, [&] { return clocks.steady; });
  time.now();
  const bool forwards = GENERATE(true, false);
  for (int jump = 0; jump < 3; ++jump) {
    clocks.pass(kSecond);
    const uint64_t before_wall = clocks.wall, before = clocks.steady;
    clocks.pass(kSecond);
    forwards ? clocks.wall += kHour : clocks.wall -= kHour;
    clocks.pass(kSecond);
    const uint64_t after_wall = clocks.wall, after = clocks.steady;
    clocks.pass(kSecond);
    time.now();
    CHECK(time.of(before_wall) == before);
    CHECK(time.of(after_wall) == after);
  }
}

TEST_CASE("a clock that is slewed does not use up what is remembered of jumps", "[harakiri]") {
  Clocks clocks;
  SteadyTime time([&] { return clocks.wall; }, [&] { return clocks.steady; });
  time.now();
  const uint64_t before_wall = clocks.wall, before = clocks.steady;
  clocks.wall += kHour;
  for (int i = 0; i < 100; ++i) {
    clocks.pass(kSecond);
    clocks.wall += 500;
    time.now();
  }
  CHECK(time.of(before_wall) == before);
}
