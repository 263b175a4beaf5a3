#include "review.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "limits.h"
#include "memory.h"

namespace mortise::recycling {

namespace {

constexpr uint64_t kLookEveryUs = 900'000;
constexpr uint64_t kMegabyte = 1 << 20;

// The process that a number belongs to, and its own part of the jitter: workers that started together and
// serve alike would reach their limits together.
struct Seen {
  pid_t pid = 0;
  uint64_t since_us = 0;
  double share = 1;  // of the limits of requests and time, 0.9 to 1
  bool asked = false;
};

std::vector<Seen> &seen() {
  static std::vector<Seen> list(static_cast<size_t>(uwsgi.numproc) + 1);
  return list;
}

double random_share() {
  static std::minstd_rand numbers{std::random_device{}()};
  return std::uniform_real_distribution<>(0.9, 1)(numbers);
}

uint64_t requests_of(const uwsgi_worker &worker) {
  uint64_t sum = 0;
  for (int core = 0; core < uwsgi.cores; ++core)
    sum += __atomic_load_n(&worker.cores[core].requests, __ATOMIC_RELAXED);
  return sum;
}

std::string text(uint64_t bytes) {
  return std::to_string(bytes / kMegabyte) + " MB";
}

// Why the worker goes: it leaks too fast to wait for anything.
std::optional<std::string> evil(const Memory &memory) {
  if (limits.evil_rss && memory.rss >= static_cast<uint64_t>(limits.evil_rss) * kMegabyte)
    return "its resident memory is " + text(memory.rss);
  if (limits.evil_as && memory.as >= static_cast<uint64_t>(limits.evil_as) * kMegabyte)
    return "its address space is " + text(memory.as);
  return std::nullopt;
}

std::optional<std::string> too_much(int wid, const Seen &process, const Memory &memory, uint64_t age_s) {
  const uwsgi_worker &worker = uwsgi.workers[wid];
  auto with_delta = [&](int limit, int delta) { return limit ? limit * process.share + delta * wid : 0; };
  if (double most = with_delta(uwsgi.max_requests, limits.requests_delta);
      most && static_cast<double>(requests_of(worker)) >= most)
    return "it has served " + std::to_string(requests_of(worker)) + " requests";
  if (double most = with_delta(limits.lifetime, limits.lifetime_delta);
      most && static_cast<double>(age_s) >= most)
    return "it is " + std::to_string(age_s) + " s old";
  struct Bound {
    const char *what;
    int limit;
    uint64_t have;
  };
  for (const Bound &bound : {Bound{"address space", uwsgi.reload_on_as, memory.as},
                             {"resident memory", limits.rss, memory.rss},
                             {"share of memory", limits.pss, memory.pss},
                             {"private memory", limits.uss, memory.uss}})
    if (bound.limit && bound.have >= static_cast<uint64_t>(bound.limit) * kMegabyte)
      return std::string("its ") + bound.what + " is " + text(bound.have);
  return std::nullopt;
}

}  // namespace

void review_workers() {
  static uint64_t looked_us = 0;
  const uint64_t now_us = uwsgi_monotonic_micros();
  if (now_us - looked_us < kLookEveryUs || uwsgi_server_state() != UWSGI_SERVING) return;
  looked_us = now_us;
  bool one_is_replaced = false;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid)
    one_is_replaced |= seen()[static_cast<size_t>(wid)].asked &&
                       seen()[static_cast<size_t>(wid)].pid == uwsgi.workers[wid].pid;
  const bool with_shares = limits.pss || limits.uss;
  const bool with_memory =
      with_shares || limits.rss || limits.evil_as || limits.evil_rss || uwsgi.reload_on_as;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) {
    uwsgi_worker &worker = uwsgi.workers[wid];
    Seen &process = seen()[static_cast<size_t>(wid)];
    if (worker.pid != process.pid) process = {worker.pid, now_us, random_share(), false};
    if (worker.pid <= 0) continue;
    Memory memory;
    if (with_memory) {
      memory = memory_of(worker.pid, with_shares);
      worker.rss_size = memory.rss;
      worker.vsz_size = memory.as;
    }
    if (auto why = evil(memory)) {
      uwsgi_log("worker %d (pid %d) is killed: %s\n", wid, worker.pid, why->c_str());
      kill(worker.pid, SIGKILL);
      continue;
    }
    const uint64_t age_s = (now_us - process.since_us) / 1'000'000;
    if (one_is_replaced || age_s < static_cast<uint64_t>(limits.least_lifetime)) continue;
    if (auto why = too_much(wid, process, memory, age_s)) {
      uwsgi_log("worker %d (pid %d) is replaced: %s\n", wid, worker.pid, why->c_str());
      uwsgi_replace_worker(wid);
      one_is_replaced = process.asked = true;
    }
  }
}

}  // namespace mortise::recycling
