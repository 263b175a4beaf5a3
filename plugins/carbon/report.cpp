#include "report.h"

#include <algorithm>

namespace mortise::carbon {

namespace {

bool knows_memory() {
  return uwsgi.logging_options.memory_report == 1 || uwsgi.force_get_memusage;
}

uint64_t share(uint64_t sum, uint64_t parts) {
  return parts ? sum / parts : 0;
}

}  // namespace

uint64_t busyness(uint64_t running_us, uint64_t period_us, bool is_busy) {
  if (running_us == 0 && is_busy) return 100;
  return period_us ? std::min<uint64_t>(running_us * 100 / period_us, 100) : 0;
}

void Report::add(const std::string &name, uint64_t value) {
  text_ += prefix_ + name + " " + std::to_string(value) + end_;
}

// Without requests there is no average: the last one, zero or nothing stands for it.
void Report::add_average(const std::string &name, uint64_t value) {
  if (idle_ && idle_average_ == IdleAverage::kNone) return;
  add(name, idle_ && idle_average_ == IdleAverage::kZero ? 0 : value);
}

void Report::add_worker(int wid, Sums &sums) {
  const uwsgi_worker &worker = uwsgi.workers[wid];
  uint64_t &last_us = last_running_us_[static_cast<size_t>(wid)];
  const uint64_t running_us = worker.running_time - last_us;
  last_us = worker.running_time;
  const bool off = worker.cheaped != 0;
  const uint64_t busy = off ? 0
                            : busyness(running_us, static_cast<uint64_t>(options_.freq_s) * 1'000'000,
                                       uwsgi_worker_is_busy(wid) != 0);
  sums.tx += worker.tx;
  sums.harakiri += worker.harakiri_count;
  if (!off) {
    ++sums.active;
    sums.average += worker.avg_response_time;
    sums.busyness += busy;
    sums.rss += worker.rss_size;
    sums.vsz += worker.vsz_size;
  }
  if (options_.no_workers) return;
  const std::string name = "worker" + std::to_string(wid) + ".";
  add(name + "requests", worker.requests);
  if (knows_memory()) {
    add(name + "rss_size", worker.rss_size);
    add(name + "vsz_size", worker.vsz_size);
  }
  add_average(name + "avg_rt", off ? 0 : worker.avg_response_time);
  add(name + "tx", worker.tx);
  add(name + "busyness", busy);
  add(name + "harakiri", worker.harakiri_count);
}

void Report::add_server(const Sums &sums) {
  if (knows_memory()) {
    add("rss_size", sums.rss);
    add("vsz_size", sums.vsz);
  }
  add_average("avg_rt", share(sums.average, sums.active));
  add("tx", sums.tx);
  add("busyness", share(sums.busyness, sums.active));
  add("active_workers", sums.active);
  if (uwsgi.cheaper) add("cheaped_workers", static_cast<uint64_t>(uwsgi.numproc) - sums.active);
  add("harakiri", sums.harakiri);
}

void Report::add_metrics() {
  for (uwsgi_metric *metric = uwsgi.metrics; metric; metric = metric->next) {
    const int64_t value = metric->reset_after_push
                              ? __atomic_exchange_n(metric->value, metric->initial_value, __ATOMIC_RELAXED)
                              : __atomic_load_n(metric->value, __ATOMIC_RELAXED);
    text_ += prefix_ + metric->name + " " + std::to_string(value) + end_;
  }
}

std::string Report::write(time_t now) {
  text_.clear();
  end_ = " " + std::to_string(now) + "\n";
  if (options_.use_metrics) {
    add_metrics();
    return text_;
  }
  last_running_us_.resize(static_cast<size_t>(uwsgi.numproc) + 1);
  const uint64_t requests = uwsgi.workers[0].requests;
  idle_ = last_requests_ == 0 || last_requests_ == requests;
  last_requests_ = requests;
  add("requests", requests);
  Sums sums;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) add_worker(wid, sums);
  add_server(sums);
  return text_;
}

}  // namespace mortise::carbon
