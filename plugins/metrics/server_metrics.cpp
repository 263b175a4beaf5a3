#include "server_metrics.h"

#include <uwsgi.h>

#include <string>

namespace mortise::metrics {

namespace {

uwsgi_metric *add(const std::string &name, const std::string &oid, uint8_t type, const char *collector,
                  void *ptr, void *custom = nullptr) {
  return uwsgi_register_metric(name.c_str(), oid.c_str(), type, collector, ptr, 1, custom);
}

uwsgi_metric *add_function(const std::string &name, const std::string &oid, uint8_t type,
                           int64_t (*function)(uwsgi_metric *)) {
  return add(name, oid, type, "func", nullptr, reinterpret_cast<void *>(function));
}

enum class WorkerState { kOff, kIdle, kBusy };

WorkerState state_of(int wid) {
  const uwsgi_worker &worker = uwsgi.workers[wid];
  if (worker.cheaped || worker.pid <= 0 || !worker.ready) return WorkerState::kOff;
  return uwsgi_worker_is_busy(wid) ? WorkerState::kBusy : WorkerState::kIdle;
}

int64_t count_workers(WorkerState state) {
  int64_t count = 0;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) count += state_of(wid) == state;
  return count;
}

int64_t busy_workers(uwsgi_metric *) {
  return count_workers(WorkerState::kBusy);
}

int64_t idle_workers(uwsgi_metric *) {
  return count_workers(WorkerState::kIdle);
}

// How many collections found every worker busy.
int64_t overloaded(uwsgi_metric *metric) {
  metric->arg1n += count_workers(WorkerState::kBusy) > 0 && count_workers(WorkerState::kIdle) == 0;
  return metric->arg1n;
}

// A worker that is replaced has other cores than the one before: found anew each time.
int64_t counter_of_core(uwsgi_metric *metric) {
  const uwsgi_core *cores = uwsgi.workers[metric->arg1n].cores;
  if (!cores) return 0;
  const char *core = reinterpret_cast<const char *>(&cores[metric->arg2n]);
  return static_cast<int64_t>(*reinterpret_cast<const uint64_t *>(core + metric->arg3n));
}

void add_core(int wid, int core) {
  constexpr struct {
    const char *name;
    int number;
    size_t offset;
  } kCounters[] = {
      {"requests", 1, offsetof(uwsgi_core, requests)},
      {"write_errors", 3, offsetof(uwsgi_core, write_errors)},
      {"routed_requests", 4, offsetof(uwsgi_core, routed_requests)},
      {"static_requests", 5, offsetof(uwsgi_core, static_requests)},
      {"offloaded_requests", 6, offsetof(uwsgi_core, offloaded_requests)},
      {"exceptions", 7, offsetof(uwsgi_core, exceptions)},
      {"read_errors", 8, offsetof(uwsgi_core, read_errors)},
  };
  const std::string id = std::to_string(wid), number = std::to_string(core);
  for (const auto &counter : kCounters) {
    uwsgi_metric *metric = add_function("worker." + id + ".core." + number + "." + counter.name,
                                        "3." + id + ".2." + number + "." + std::to_string(counter.number),
                                        UWSGI_METRIC_COUNTER, counter_of_core);
    metric->arg1n = wid;
    metric->arg2n = core;
    metric->arg3n = static_cast<int64_t>(counter.offset);
  }
}

void add_worker(int wid, bool with_cores) {
  uwsgi_worker &worker = uwsgi.workers[wid];
  const struct {
    const char *name;
    int number;
    uint8_t type;
    uint64_t *value;
  } values[] = {
      {"requests", 1, UWSGI_METRIC_COUNTER, &worker.requests},
      {"delta_requests", 2, UWSGI_METRIC_ABSOLUTE, &worker.delta_requests},
      {"failed_requests", 13, UWSGI_METRIC_COUNTER, &worker.failed_requests},
      {"respawns", 14, UWSGI_METRIC_COUNTER, &worker.respawn_count},
      {"avg_response_time", 8, UWSGI_METRIC_GAUGE, &worker.avg_response_time},
      {"total_tx", 9, UWSGI_METRIC_COUNTER, &worker.tx},
      {"rss_size", 11, UWSGI_METRIC_GAUGE, &worker.rss_size},
      {"vsz_size", 12, UWSGI_METRIC_GAUGE, &worker.vsz_size},
      {"running_time", 13, UWSGI_METRIC_COUNTER, &worker.running_time},
  };
  const std::string id = std::to_string(wid);
  for (const auto &value : values)
    add("worker." + id + "." + value.name, "3." + id + "." + std::to_string(value.number), value.type, "ptr",
        value.value);
  if (!with_cores || wid == 0) return;
  for (int core = 0; core < uwsgi.cores; ++core) add_core(wid, core);
}

// A metric over one value of all workers.
void add_over_workers(const char *name, const char *oid, uint8_t type, const char *collector,
                      const char *value) {
  uwsgi_metric *metric = add(name, oid, type, collector, nullptr);
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) {
    const std::string part = "worker." + std::to_string(wid) + "." + value;
    uwsgi_metric_add_child(metric, uwsgi_metric_find_by_name(part.c_str()));
  }
}

void add_alias(const char *name, const char *oid, const char *of) {
  uwsgi_metric *metric = add(name, oid, UWSGI_METRIC_ALIAS, nullptr, nullptr);
  metric->value = uwsgi_metric_find_by_name(of)->value;
}

}  // namespace

void add_server_metrics(bool with_cores) {
  add("core.routed_signals", "5.1", UWSGI_METRIC_COUNTER, "ptr", &uwsgi.shared->routed_signals);
  add("core.unrouted_signals", "5.2", UWSGI_METRIC_COUNTER, "ptr", &uwsgi.shared->unrouted_signals);
  add_function("core.busy_workers", "5.3", UWSGI_METRIC_GAUGE, busy_workers);
  add_function("core.idle_workers", "5.4", UWSGI_METRIC_GAUGE, idle_workers);
  add_function("core.overloaded", "5.5", UWSGI_METRIC_COUNTER, overloaded);
  for (int wid = 0; wid <= uwsgi.numproc; ++wid) add_worker(wid, with_cores);
  add_over_workers("core.total_tx", "5.100", UWSGI_METRIC_COUNTER, "sum", "total_tx");
  add_over_workers("core.total_rss", "5.101", UWSGI_METRIC_GAUGE, "sum", "rss_size");
  add_over_workers("core.total_vsz", "5.102", UWSGI_METRIC_GAUGE, "sum", "vsz_size");
  add_over_workers("core.avg_response_time", "5.103", UWSGI_METRIC_GAUGE, "avg", "avg_response_time");
  add_over_workers("core.total_running_time", "5.104", UWSGI_METRIC_COUNTER, "sum", "running_time");
  int number = 0;
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next, ++number)
    add("socket." + std::to_string(number) + ".listen_queue", "7." + std::to_string(number) + ".1",
        UWSGI_METRIC_GAUGE, "ptr", &socket->queue);
  add_alias("rss_size", "5.101", "core.total_rss");
  add_alias("vsz_size", "5.102", "core.total_vsz");
}

}  // namespace mortise::metrics
