#include "collectors.h"

#include <charconv>

#include "registry.h"
#include "value.h"

namespace mortise::metrics {

namespace {

int64_t sum_of_children(const uwsgi_metric *metric) {
  uint64_t sum = 0;
  for (const uwsgi_metric_child *child = metric->children; child; child = child->next)
    sum += static_cast<uint64_t>(get(child->um));
  return static_cast<int64_t>(sum);
}

int64_t collect_pointer(uwsgi_metric *metric) {
  return metric->ptr ? std::atomic_ref(*metric->ptr).load(std::memory_order_relaxed) : 0;
}

int64_t collect_file(uwsgi_metric *metric) {
  if (!metric->arg1) return 0;
  int fd = open(metric->arg1, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[4096];
  ssize_t len = read(fd, text, sizeof text);
  close(fd);
  return len > 0 ? number_in_field({text, static_cast<size_t>(len)}, metric->arg1n) : 0;
}

// What it was, without the initial value that is added to every collection.
int64_t collect_accumulator(uwsgi_metric *metric) {
  return get(metric) - metric->initial_value + sum_of_children(metric);
}

int64_t collect_adder(uwsgi_metric *metric) {
  return sum_of_children(metric) + metric->arg1n;
}

int64_t collect_average(uwsgi_metric *metric) {
  int64_t count = 0;
  for (const uwsgi_metric_child *child = metric->children; child; child = child->next) ++count;
  return count ? sum_of_children(metric) / count : 0;
}

int64_t collect_multiplier(uwsgi_metric *metric) {
  return sum_of_children(metric) * metric->arg1n;
}

int64_t collect_function(uwsgi_metric *metric) {
  auto function = reinterpret_cast<int64_t (*)(uwsgi_metric *)>(metric->custom);
  return function ? function(metric) : 0;
}

int64_t collect_sum(uwsgi_metric *metric) {
  return sum_of_children(metric);
}

}  // namespace

int64_t number_in_field(std::string_view text, int64_t n) {
  constexpr std::string_view kBlanks(" \t\r\n\0", 5);
  for (size_t begin = text.find_first_not_of(kBlanks); begin != text.npos;) {
    size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    if (n-- == 0) {
      int64_t number = 0;
      if (text[begin] == '+') ++begin;
      std::from_chars(text.data() + begin, text.data() + end, number);
      return number;
    }
    begin = text.find_first_not_of(kBlanks, end);
  }
  return 0;
}

void add_built_in_collectors() {
  add_collector("ptr", collect_pointer);
  add_collector("file", collect_file);
  add_collector("sum", collect_sum);
  add_collector("accumulator", collect_accumulator);
  add_collector("adder", collect_adder);
  add_collector("avg", collect_average);
  add_collector("multiplier", collect_multiplier);
  add_collector("func", collect_function);
}

}  // namespace mortise::metrics
