#include "algorithms.h"

#include <algorithm>
#include <string>
#include <vector>

#include "workers.h"

namespace mortise::cheaper {

namespace {

struct Algorithm {
  std::string name;
  int (*decide)(int can_spawn);
};
std::vector<Algorithm> &algorithms() {
  static std::vector<Algorithm> list;
  return list;
}

// More when all are busy, one less after cheaper-overload decisions in which more than one was idle.
int spare(int can_spawn) {
  static uint64_t idle_rounds = 0;
  if (all_busy()) {
    idle_rounds = 0;
    return can_spawn ? startable(uwsgi.cheaper_step) : 0;
  }
  int idle = count_workers([](int wid) { return runs(wid) && !uwsgi_worker_is_busy(wid); });
  if (idle < 2 || running() <= uwsgi.cheaper_count) return idle_rounds = 0, 0;
  if (++idle_rounds < uwsgi.cheaper_overload) return 0;
  idle_rounds = 0;
  return -1;
}

// Keeps `cheaper` workers idle: for sites whose load rises at once. One goes after cheaper-idle seconds.
int spare2(int can_spawn) {
  static int idle_rounds = 0;
  int idle = count_workers([](int wid) { return runs(wid) && !uwsgi_worker_is_busy(wid); });
  if (idle < uwsgi.cheaper_count) {
    idle_rounds = 0;
    return can_spawn ? startable(std::min(uwsgi.cheaper_count - idle, uwsgi.cheaper_step)) : 0;
  }
  if (idle == uwsgi.cheaper_count || running() <= uwsgi.cheaper_count) return idle_rounds = 0, 0;
  if (++idle_rounds < spare2_idle_s) return 0;
  idle_rounds = 0;
  return -1;
}

// By the connections that wait.
int backlog(int can_spawn) {
  if (uwsgi.shared->backlog > uwsgi.cheaper_overload) return can_spawn ? startable(uwsgi.cheaper_step) : 0;
  return uwsgi.shared->backlog == 0 && running() > uwsgi.cheaper_count && !all_busy() ? -1 : 0;
}

// Signals and the master fifo alone.
int manual(int) {
  return 0;
}

}  // namespace

void register_own_algorithms() {
  for (const Algorithm &own :
       {Algorithm{"spare", spare}, {"spare2", spare2}, {"backlog", backlog}, {"manual", manual}})
    uwsgi_register_cheaper_algo(own.name.c_str(), own.decide);
}

int (*find_algorithm(const char *name))(int can_spawn) {
  for (const Algorithm &algorithm : algorithms())
    if (algorithm.name == name) return algorithm.decide;
  return nullptr;
}

void log_algorithms() {
  uwsgi_log("cheaper algorithms:\n");
  for (const Algorithm &algorithm : algorithms()) uwsgi_log("  %s\n", algorithm.name.c_str());
}

}  // namespace mortise::cheaper

extern "C" void uwsgi_register_cheaper_algo(const char *name, int (*func)(int can_spawn)) {
  auto &all = mortise::cheaper::algorithms();
  for (auto &known : all)
    if (known.name == name) return void(known.decide = func);
  all.push_back({name, func});
}
