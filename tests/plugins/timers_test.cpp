// Which timers are due when; nothing here waits.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>

#include "plugins/timers/cron.h"
#include "plugins/timers/schedule.h"

using namespace mortise::timers;

namespace {

tm at(int minute, int hour, int day, int month, int weekday) {
  tm local{};
  local.tm_min = minute;
  local.tm_hour = hour;
  local.tm_mday = day;
  local.tm_mon = month - 1;
  local.tm_wday = weekday;
  return local;
}

struct Clock {
  std::unique_ptr<Registrations> list{new Registrations{}};
  Schedule schedule{*list};
  std::vector<int> raised;

  void add(uint8_t signum, int64_t period_ms, int iterations = 0) {
    list->add({iterations ? Kind::kCounted : Kind::kPeriodic, signum, period_ms, iterations, {}});
  }
  void run(int64_t now_ms, int64_t wall_s = 0) {
    schedule.run({now_ms, wall_s}, [this](uint8_t signum) { raised.push_back(signum); });
  }
};

}  // namespace

TEST_CASE("a periodic timer fires first after one period and then every period") {
  Clock clock;
  clock.add(7, 3000);
  clock.run(1000);
  CHECK(clock.schedule.next_due_ms() == 4000);
  clock.run(3999);
  CHECK(clock.raised.empty());
  clock.run(4000);
  CHECK(clock.raised == std::vector<int>{7});
  CHECK(clock.schedule.next_due_ms() == 7000);
}

TEST_CASE("a late turn moves no later deadline, and what was missed is raised once") {
  Clock clock;
  clock.add(7, 1000);
  clock.run(0);
  clock.run(4300);
  CHECK(clock.raised == std::vector<int>{7});
  CHECK(clock.schedule.next_due_ms() == 5000);
}

TEST_CASE("a counted timer stops after its iterations") {
  Clock clock;
  clock.add(9, 1000, 2);
  for (int64_t now_ms = 0; now_ms <= 5000; now_ms += 1000) clock.run(now_ms);
  CHECK(clock.raised == std::vector<int>{9, 9});
  CHECK(clock.schedule.next_due_ms() == -1);
}

TEST_CASE("an equal timer added by another worker is the same timer, also once it is over") {
  Clock clock;
  clock.add(9, 1000, 1);
  clock.run(0);
  CHECK(clock.list->add({Kind::kCounted, 9, 1000, 1, {}}) == Registrations::Added::kKnown);
  clock.run(1000);
  CHECK(clock.list->add({Kind::kCounted, 9, 1000, 1, {}}) == Registrations::Added::kKnown);
  clock.run(5000);
  CHECK(clock.raised == std::vector<int>{9});
}

TEST_CASE("timers with another period, signal or kind are other timers") {
  Clock clock;
  clock.add(1, 1000);
  clock.add(1, 2000);
  clock.add(2, 1000);
  clock.add(1, 1000, 5);
  CHECK(clock.list->count() == 4);
}

TEST_CASE("a timer added later is due one period after it was seen") {
  Clock clock;
  clock.run(0);
  CHECK(clock.schedule.next_due_ms() == -1);
  clock.add(3, 500);
  clock.run(10000);
  CHECK(clock.schedule.next_due_ms() == 10500);
}

TEST_CASE("the table of timers refuses what does not fit") {
  Clock clock;
  for (uint32_t i = 0; i < Registrations::kCapacity; ++i) clock.add(1, i + 1);
  CHECK(clock.list->add({Kind::kPeriodic, 2, 5, 0, {}}) == Registrations::Added::kFull);
}

TEST_CASE("a cron entry fires once in a minute that matches") {
  setenv("TZ", "UTC", 1);
  tzset();
  Clock clock;
  clock.list->add({Kind::kCron, 5, 0, 0, {30, -1, -1, -1, -1}});
  const int64_t half_past = 1'700'000'000 / 3600 * 3600 + 30 * 60;
  clock.run(0, half_past - 20);
  CHECK(clock.schedule.next_due_ms() == 20000);
  clock.run(20000, half_past);
  CHECK(clock.raised == std::vector<int>{5});
  CHECK(clock.schedule.next_due_ms() == 80000);
  clock.run(80000, half_past + 2);  // the clock was set back
  CHECK(clock.raised == std::vector<int>{5});
}

TEST_CASE("cron fields match a value, any value with -1, and multiples with -n") {
  CHECK(matches({-1, -1, -1, -1, -1}, at(17, 3, 5, 11, 2)));
  CHECK(matches({17, 3, 5, 11, -1}, at(17, 3, 5, 11, 2)));
  CHECK_FALSE(matches({16, -1, -1, -1, -1}, at(17, 3, 5, 11, 2)));
  CHECK(matches({-5, -1, -1, -1, -1}, at(15, 3, 5, 11, 2)));
  CHECK_FALSE(matches({-5, -1, -1, -1, -1}, at(17, 3, 5, 11, 2)));
}

TEST_CASE("cron's day of month and day of week match when either does, and Sunday is 0 and 7") {
  CHECK(matches({-1, -1, 13, -1, 5}, at(0, 0, 13, 1, 2)));
  CHECK(matches({-1, -1, 13, -1, 5}, at(0, 0, 12, 1, 5)));
  CHECK_FALSE(matches({-1, -1, 13, -1, 5}, at(0, 0, 12, 1, 4)));
  CHECK_FALSE(matches({-1, -1, -1, -1, 5}, at(0, 0, 12, 1, 4)));
  CHECK(matches({-1, -1, -1, -1, 7}, at(0, 0, 12, 1, 0)));
}

TEST_CASE("a cron time that never comes is not valid") {
  CHECK(is_valid({59, 23, 31, 12, 7}));
  CHECK(is_valid({-2, -1, -1, -1, -1}));
  CHECK_FALSE(is_valid({60, -1, -1, -1, -1}));
  CHECK_FALSE(is_valid({-1, 24, -1, -1, -1}));
  CHECK_FALSE(is_valid({-1, -1, 0, -1, -1}));
  CHECK_FALSE(is_valid({-1, -1, -1, 13, -1}));
  CHECK_FALSE(is_valid({-1, -1, -1, -1, 8}));
}
