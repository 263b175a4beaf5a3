// The lines that a carbon server is sent: "uwsgi.HOST.ID.worker1.requests 17 1700000000". Reads the
// scoreboard, and remembers what it said the last time.
#pragma once

#include <string>
#include <vector>

#include "options.h"

namespace mortise::carbon {

// How busy a worker was in a period, in percent: the time that it spent in requests, or all of it while it is
// within one that has not ended yet.
uint64_t busyness(uint64_t running_us, uint64_t period_us, bool is_busy);

class Report {
 public:
  Report(const Options &options, IdleAverage idle_average, std::string prefix)
      : options_(options), idle_average_(idle_average), prefix_(std::move(prefix)) {}

  std::string write(time_t now);

 private:
  struct Sums {
    uint64_t tx = 0, harakiri = 0, rss = 0, vsz = 0, average = 0, busyness = 0, active = 0;
  };
  void add(const std::string &name, uint64_t value);
  void add_average(const std::string &name, uint64_t value);
  void add_worker(int wid, Sums &sums);
  void add_server(const Sums &sums);
  void add_metrics();

  const Options &options_;
  IdleAverage idle_average_;
  std::string prefix_;
  std::vector<uint64_t> last_running_us_;
  uint64_t last_requests_ = 0;
  bool idle_ = true;  // nothing was served since the last report
  std::string text_, end_;
};

}  // namespace mortise::carbon
