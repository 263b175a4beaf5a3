#include "scaling.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <fstream>
#include <string>

#include "algorithms.h"
#include "idle.h"
#include "workers.h"

namespace mortise::cheaper {

namespace {

constexpr uint64_t kDecideEveryUs = 900'000;
int (*decide)(int can_spawn) = nullptr;
void (*sample_listen_queues)() = nullptr;

uint64_t resident_bytes() {
  uint64_t sum = 0;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) {
    if (!runs(wid)) continue;
    std::ifstream pages("/proc/" + std::to_string(uwsgi.workers[wid].pid) + "/statm");
    uint64_t all = 0, resident = 0;
    pages >> all >> resident;
    sum += resident * static_cast<uint64_t>(uwsgi.page_size);
  }
  return sum;
}

int fail(const char *what) {
  uwsgi_log("error: cheaper: %s\n", what);
  return -1;
}

}  // namespace

int check_numbers() {
  if (uwsgi.cheaper_count <= 0) return 0;
  if (uwsgi.cheaper_count >= uwsgi.numproc)
    return fail(("cheaper = " + std::to_string(uwsgi.cheaper_count) +
                 ", the workers that always run, must be lower than " +
                 "workers = " + std::to_string(uwsgi.numproc) + ", the most there may be")
                    .c_str());
  if (uwsgi.cheaper_initial > uwsgi.numproc) return fail("cheaper-initial is more than `workers`");
  if (memory_limits.hard && memory_limits.hard <= memory_limits.soft)
    return fail("cheaper-rss-limit-hard must be more than cheaper-rss-limit-soft");
  return 0;
}

int prepare_scaling() {
  if (list_algorithms) log_algorithms();
  prepare_idleness();
  if (uwsgi.cheaper_count <= 0) return 0;
  if (check_numbers()) return -1;
  uwsgi.cheaper = 1;
  if (uwsgi.cheaper_step <= 0) uwsgi.cheaper_step = 1;
  if (uwsgi.cheaper_overload == 0) uwsgi.cheaper_overload = 3;
  if (!uwsgi.requested_cheaper_algo) uwsgi.requested_cheaper_algo = uwsgi_str("spare");
  if (!find_algorithm(uwsgi.requested_cheaper_algo) && !strcmp(uwsgi.requested_cheaper_algo, "busyness"))
    uwsgi_load_plugin("cheaper_busyness");
  decide = find_algorithm(uwsgi.requested_cheaper_algo);
  if (decide) {
    // What connections wait is the metrics' to know; the master has them counted when an algorithm may ask.
    if (strncmp(uwsgi.requested_cheaper_algo, "spare", 5) != 0 && uwsgi_load_plugin("metrics") == 0)
      sample_listen_queues = reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "uwsgi_sample_listen_queues"));
    return 0;
  }
  log_algorithms();
  return fail(
      (std::string("there is no algorithm '") + uwsgi.requested_cheaper_algo + "' (those above are there)")
          .c_str());
}

void scale() {
  static uint64_t decided_us = 0;
  const uint64_t now_us = uwsgi_monotonic_micros();
  if (!decide || is_idle() || now_us - decided_us < kDecideEveryUs || uwsgi_server_state() != UWSGI_SERVING)
    return;
  decided_us = now_us;
  if (sample_listen_queues) sample_listen_queues();
  const uint64_t resident = memory_limits.soft || memory_limits.hard ? resident_bytes() : 0;
  int change = decide(!memory_limits.soft || resident < memory_limits.soft);
  const bool may_go = running() > uwsgi.cheaper_count;
  if (memory_limits.hard && resident >= memory_limits.hard && change >= 0) {
    if (may_go)
      uwsgi_log("cheaper: the workers use %llu bytes: one is taken away\n",
                static_cast<unsigned long long>(resident));
    change = -1;
  }
  if (change < 0 && may_go) uwsgi_retire_worker(0);
  for (; change > 0 && uwsgi_start_worker(0); --change) continue;
}

}  // namespace mortise::cheaper
