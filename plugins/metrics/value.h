// Reads and changes the value of a metric, each in one atomic step: a process that dies meanwhile leaves no
// lock behind and no half of a change.
#pragma once

#include <uwsgi.h>

#include <atomic>

namespace mortise::metrics {

inline int64_t get(const uwsgi_metric *metric) {
  return std::atomic_ref(*metric->value).load(std::memory_order_relaxed);
}

inline void set(uwsgi_metric *metric, int64_t value) {
  std::atomic_ref(*metric->value).store(value, std::memory_order_relaxed);
}

// Overflow wraps around, as it does in the counters of other servers.
inline void add(uwsgi_metric *metric, int64_t value) {
  std::atomic_ref(*metric->value).fetch_add(value, std::memory_order_relaxed);
}

template <typename Change>
void change(uwsgi_metric *metric, Change result_of) {
  std::atomic_ref value(*metric->value);
  int64_t now = value.load(std::memory_order_relaxed);
  while (!value.compare_exchange_weak(now, result_of(now), std::memory_order_relaxed)) {
  }
}

}  // namespace mortise::metrics
