#include "busyness.h"

#include <uwsgi.h>

#include <algorithm>
#include <vector>

namespace mortise::cheaper {

namespace {

constexpr uint64_t kSecondUs = 1'000'000;

bool runs(int wid) {
  return !uwsgi.workers[wid].cheaped && uwsgi.workers[wid].pid > 0;
}

int running() {
  int count = 0;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) count += runs(wid);
  return count;
}

// At most so many of those that do not run.
int startable(int most) {
  int count = 0;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid)
    count += uwsgi.workers[wid].cheaped && uwsgi.workers[wid].pid == 0;
  return std::min(count, most);
}

struct Measured {
  std::vector<uint64_t> running_time = std::vector<uint64_t>(static_cast<size_t>(uwsgi.numproc) + 1);
  std::vector<bool> was_busy = std::vector<bool>(static_cast<size_t>(uwsgi.numproc) + 1);
  uint64_t since_us = uwsgi_micros();
  uint64_t multiplier = busyness.multiplier;
  uint64_t may_cheap_us = since_us + uwsgi.cheaper_overload * multiplier * kSecondUs;
  uint64_t cheaped_us = 0;
  uint64_t backlog_since_us = 0;
  uint64_t emergency_workers = 0;
};

unsigned long long number(uint64_t value) {
  return value;
}

// A worker that stays superfluous for so long goes; one that was needed again right after it went makes that
// longer.
void begin_idle_time(Measured &state, uint64_t now_us) {
  uint64_t rounds = state.emergency_workers ? busyness.backlog_multiplier : state.multiplier;
  state.may_cheap_us = now_us + uwsgi.cheaper_overload * rounds * kSecondUs;
}

// Average of the running workers in percent. One request that lasts through the whole time counts as all of
// it.
uint64_t measure(Measured &state, uint64_t passed_us) {
  uint64_t sum = 0, count = 0;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) {
    auto at = static_cast<size_t>(wid);
    uint64_t spent_us = uwsgi.workers[wid].running_time - state.running_time[at];
    state.running_time[at] = uwsgi.workers[wid].running_time;
    uint64_t percent =
        std::min<uint64_t>(spent_us * 100 / (passed_us * static_cast<uint64_t>(uwsgi.cores)), 100);
    if (spent_us == 0 && state.was_busy[at]) percent = 100;
    state.was_busy[at] = false;
    if (!runs(wid)) continue;
    ++count;
    sum += percent;
    if (busyness.verbose) uwsgi_log("busyness: worker %d: %llu %%\n", wid, number(percent));
  }
  return count ? sum / count : 0;
}

int add_for_backlog(Measured &state, uint64_t now_us) {
  int count = startable(static_cast<int>(busyness.backlog_step));
  state.multiplier = busyness.multiplier;
  state.emergency_workers += static_cast<uint64_t>(count);
  begin_idle_time(state, now_us);
  if (count)
    uwsgi_log("busyness: %llu connections wait: %d workers are added\n", number(uwsgi.shared->backlog),
              count);
  return count;
}

// Between two measurements only the backlog counts.
int look_at_backlog(Measured &state, uint64_t now_us) {
  const uint64_t waiting = uwsgi.shared->backlog;
  if (waiting > busyness.backlog_alert) return add_for_backlog(state, now_us);
  if (waiting == 0) {
    state.backlog_since_us = 0;
  } else if (state.backlog_since_us == 0) {
    state.backlog_since_us = now_us;
  } else if (now_us - state.backlog_since_us >= busyness.backlog_seconds * kSecondUs) {
    state.backlog_since_us = now_us;
    return add_for_backlog(state, now_us);
  }
  return 0;
}

int add(Measured &state, uint64_t now_us, uint64_t average) {
  int count = startable(uwsgi.cheaper_step);
  if (count == 0) return 0;
  bool too_early =
      state.cheaped_us && now_us - state.cheaped_us <= uwsgi.cheaper_overload * state.multiplier * kSecondUs;
  if (too_early)
    state.multiplier += busyness.penalty;
  else
    state.multiplier = std::max(state.multiplier - 1, busyness.multiplier);
  begin_idle_time(state, now_us);
  uwsgi_log("busyness: %llu %%: %d workers are added\n", number(average), count);
  return count;
}

int take_away(Measured &state, uint64_t now_us, uint64_t average) {
  if (running() <= uwsgi.cheaper_count || now_us < state.may_cheap_us) return 0;
  if (state.emergency_workers) --state.emergency_workers;
  begin_idle_time(state, now_us);
  state.cheaped_us = now_us;
  uwsgi_log("busyness: %llu %%: one of %d workers is taken away\n", number(average), running());
  return -1;
}

}  // namespace

int decide_by_busyness(int can_spawn) {
  static Measured state;
  const uint64_t now_us = uwsgi_micros(), passed_us = now_us - state.since_us;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid)
    if (uwsgi_worker_is_busy(wid)) state.was_busy[static_cast<size_t>(wid)] = true;
  if (passed_us < uwsgi.cheaper_overload * kSecondUs) return can_spawn ? look_at_backlog(state, now_us) : 0;
  state.since_us = now_us;
  uint64_t average = measure(state, passed_us);
  if (busyness.verbose) uwsgi_log("busyness: average of %d workers: %llu %%\n", running(), number(average));
  if (average > busyness.most) return can_spawn ? add(state, now_us, average) : 0;
  if (average < busyness.least) return take_away(state, now_us, average);
  begin_idle_time(state, now_us);
  return 0;
}

}  // namespace mortise::cheaper
