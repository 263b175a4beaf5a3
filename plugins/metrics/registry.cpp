#include "registry.h"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace mortise::metrics {

namespace {

using Index = std::unordered_map<std::string_view, uwsgi_metric *>;

Index &by_name() {
  static Index &index = *new Index;  // exit hooks of other plugins may still count
  return index;
}

Index &by_oid() {
  static Index &index = *new Index;
  return index;
}

uwsgi_metric_collector *collectors = nullptr;

char *copy(std::string_view text) {
  return uwsgi_strncopy(text.data(), static_cast<int>(text.size()));
}

// A cell of shared memory that no other metric has.
int64_t *new_value() {
  static size_t left = 0;
  static int64_t *next = nullptr;
  if (left == 0) {
    left = static_cast<size_t>(uwsgi.page_size) / sizeof(int64_t);
    next = static_cast<int64_t *>(uwsgi_calloc_shared(left * sizeof(int64_t)));
  }
  --left;
  return next++;
}

uwsgi_metric *look_up(const Index &index, std::string_view key) {
  auto found = index.find(key);
  return found == index.end() ? nullptr : found->second;
}

void append(uwsgi_metric *metric) {
  static uwsgi_metric **end = &uwsgi.metrics;
  *end = metric;
  end = &metric->next;
  ++uwsgi.metrics_cnt;
}

}  // namespace

bool is_valid_name(std::string_view name) {
  auto good = [](unsigned char c) { return isalnum(c) || c == '.' || c == '-' || c == '_'; };
  return !name.empty() && name.size() < NAME_MAX && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), good);
}

uwsgi_metric *find_by_name(std::string_view name) {
  return look_up(by_name(), name);
}

uwsgi_metric *find_by_oid(std::string_view oid) {
  return look_up(by_oid(), oid);
}

uwsgi_metric *find_or_add(std::string_view name, std::string_view oid) {
  if (uwsgi_metric *known = find_by_name(name)) return known;
  if (!uwsgi.metrics_lock) uwsgi.metrics_lock = uwsgi_rwlock_init("metrics");
  auto *metric = static_cast<uwsgi_metric *>(uwsgi_calloc(sizeof(uwsgi_metric)));
  metric->name = copy(name);
  metric->name_len = name.size();
  metric->oid = copy(oid);
  metric->oid_len = oid.size();
  metric->value = new_value();
  metric->freq = 1;
  append(metric);
  by_name().emplace(std::string_view(metric->name, name.size()), metric);
  // uWSGI's numbers are not unique; the first one has it.
  if (!oid.empty()) by_oid().emplace(std::string_view(metric->oid, oid.size()), metric);
  return metric;
}

void make_alias(uwsgi_metric *metric, const uwsgi_metric *of) {
  metric->type = UWSGI_METRIC_ALIAS;
  metric->value = of->value;
}

uwsgi_metric_collector *find_collector(std::string_view name) {
  for (uwsgi_metric_collector *one = collectors; one; one = one->next)
    if (name == one->name) return one;
  return nullptr;
}

uwsgi_metric_collector *add_collector(const char *name, int64_t (*func)(uwsgi_metric *)) {
  uwsgi_metric_collector *collector = find_collector(name);
  if (!collector) {
    collector = static_cast<uwsgi_metric_collector *>(uwsgi_calloc(sizeof(uwsgi_metric_collector)));
    collector->name = uwsgi_str(name);
    collector->next = collectors;
    collectors = collector;
  }
  collector->func = func;  // the later one replaces, as a plugin of the same name does
  return collector;
}

}  // namespace mortise::metrics
