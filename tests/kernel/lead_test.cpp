#include "kernel/lead.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

using namespace mortise;

namespace {

// A core that waits for the lead in a thread of its own.
struct Waiting {
  explicit Waiting(Lead &lead)
      : led(std::async(std::launch::async, [this, &lead] { return lead.take(place); })) {}
  bool leads_within(int ms) {
    return led.wait_for(std::chrono::milliseconds(ms)) == std::future_status::ready;
  }
  Lead::Place place = 0;
  std::future<bool> led;
};

}  // namespace

TEST_CASE("a leader that waits or works for a moment only keeps the lead") {
  Lead lead;
  Lead::Place place;
  REQUIRE(lead.take(place));
  Waiting other(lead);
  CHECK_FALSE(other.leads_within(100));
  for (int i = 0; i < 1000; ++i) {
    lead.begin_work(place);
    REQUIRE(lead.end_work(place));
  }
  lead.close();
  CHECK_FALSE(other.led.get());
}

TEST_CASE("a leader that works for long loses the lead, also when nobody was waiting then") {
  Lead lead;
  Lead::Place place;
  REQUIRE(lead.take(place));
  lead.begin_work(place);
  Waiting other(lead);
  REQUIRE(other.leads_within(10'000));
  CHECK(other.led.get());
  CHECK_FALSE(lead.end_work(place));
  lead.begin_work(other.place);
  CHECK(lead.end_work(other.place));
}

TEST_CASE("who looks after the leader sleeps while nothing happens and is woken by work") {
  Lead lead;
  Lead::Place place;
  REQUIRE(lead.take(place));
  Waiting first(lead), second(lead);
  std::this_thread::sleep_for(std::chrono::milliseconds(60));  // it sleeps by then, or the test says less
  lead.begin_work(place);
  while (!first.leads_within(1) && !second.leads_within(1)) continue;
  CHECK_FALSE(lead.end_work(place));
  lead.close();
  CHECK(first.led.get() != second.led.get());
}

TEST_CASE("the lead that is passed on is another core's at once, or the next one's that comes") {
  Lead lead;
  Lead::Place place, next;
  REQUIRE(lead.take(place));
  lead.pass_on();
  REQUIRE(lead.take(next));
  Waiting other(lead);
  lead.pass_on();
  CHECK(other.led.get());
}

TEST_CASE("of many cores one leads at a time, and all end") {
  Lead lead;
  std::atomic<int> leaders{0}, turns{0}, at_once{0};
  std::vector<std::thread> cores;
  for (int core = 0; core < 8; ++core)
    cores.emplace_back([&] {
      for (Lead::Place place; lead.take(place);)
        for (bool leads = true; leads;) {
          at_once += leaders.fetch_add(1);
          const int turn = turns.fetch_add(1);
          leaders.fetch_sub(1);
          if (turn > 3000) {
            lead.close();
            break;
          }
          if (turn % 7 == 0) {
            lead.pass_on();
            break;
          }
          lead.begin_work(place);
          if (turn % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(3));
          leads = lead.end_work(place);
        }
    });
  for (std::thread &core : cores) core.join();
  CHECK(at_once == 0);
  CHECK(turns > 3000);
}
