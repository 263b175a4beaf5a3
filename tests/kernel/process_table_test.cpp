#include "kernel/process_table.h"

#include <catch2/catch.hpp>

using namespace mortise;
using State = ProcessState;
using Event = ProcessEvent;
using Action = ProcessAction;

namespace {

struct Row {
  State state;
  Event event;
  State next;
  Action action;
};

// Every pair that does something. The others keep the state, see the second test.
constexpr Row kRows[] = {
    {State::kWaiting, Event::kDue, State::kWaiting, Action::kFork},
    {State::kWaiting, Event::kForked, State::kStarting, Action::kStarted},
    {State::kWaiting, Event::kForkFailed, State::kWaiting, Action::kRetryLater},
    {State::kWaiting, Event::kStop, State::kGone, Action::kIgnore},
    {State::kWaiting, Event::kKill, State::kGone, Action::kIgnore},
    {State::kStarting, Event::kDue, State::kStarting, Action::kKill},
    {State::kStarting, Event::kReady, State::kReady, Action::kServe},
    {State::kStarting, Event::kExited, State::kWaiting, Action::kRespawn},
    {State::kStarting, Event::kExitedForGood, State::kGone, Action::kForget},
    {State::kStarting, Event::kStop, State::kStopping, Action::kTell},
    {State::kStarting, Event::kKill, State::kKilling, Action::kKill},
    {State::kReady, Event::kExited, State::kWaiting, Action::kRespawn},
    {State::kReady, Event::kExitedForGood, State::kGone, Action::kForget},
    {State::kReady, Event::kStop, State::kStopping, Action::kTell},
    {State::kReady, Event::kKill, State::kKilling, Action::kKill},
    {State::kStopping, Event::kDue, State::kKilling, Action::kKill},
    {State::kStopping, Event::kExited, State::kGone, Action::kForget},
    {State::kStopping, Event::kExitedForGood, State::kGone, Action::kForget},
    {State::kStopping, Event::kKill, State::kKilling, Action::kKill},
    {State::kKilling, Event::kDue, State::kKilling, Action::kKill},
    {State::kKilling, Event::kExited, State::kGone, Action::kForget},
    {State::kKilling, Event::kExitedForGood, State::kGone, Action::kForget},
};

const Row *find_row(State state, Event event) {
  for (const Row &row : kRows)
    if (row.state == state && row.event == event) return &row;
  return nullptr;
}

bool has_process(State state) {
  return state != State::kWaiting && state != State::kGone;
}

// What cannot come: news of a process where there is none, or of a fork where nobody forked.
bool is_impossible(State state, Event event) {
  if (event == Event::kForked || event == Event::kForkFailed) return true;
  if (event == Event::kExited || event == Event::kExitedForGood) return !has_process(state);
  return event == Event::kReady && state == State::kWaiting;
}

}  // namespace

TEST_CASE("each state of a supervised process answers each event as the table says") {
  for (int s = 0; s < kProcessStates; ++s) {
    for (int e = 0; e < kProcessEvents; ++e) {
      auto state = static_cast<State>(s);
      auto event = static_cast<Event>(e);
      INFO(name_of(state) << " x " << name_of(event));
      Transition step = transition(state, event);
      if (const Row *row = find_row(state, event)) {
        CHECK(step.next == row->next);
        CHECK(step.action == row->action);
      } else {
        CHECK(step.next == state);
        CHECK(step.action == (is_impossible(state, event) ? Action::kImpossible : Action::kIgnore));
      }
    }
  }
}

TEST_CASE(
    "a process that crashes in a loop is started at most eight times in eight seconds, and then ever less") {
  int64_t now_ms = 0;
  int starts = 0;
  for (int failures = 1; now_ms <= 8000; ++failures) {
    ++starts;
    CHECK(respawn_spacing_ms(failures) >= respawn_spacing_ms(failures - 1));
    now_ms += respawn_spacing_ms(failures);
  }
  CHECK(starts <= 8);
  CHECK(respawn_spacing_ms(0) == 0);
  CHECK(respawn_spacing_ms(1'000'000) == 4000);
  CHECK(respawn_spacing_ms(0, 7000) == 0);
  CHECK(respawn_spacing_ms(1, 7000) == 7000);
  CHECK(respawn_spacing_ms(1'000'000, 7000) == 7000);
  CHECK(respawn_spacing_ms(1'000'000, 0) == 0);
}
