#include "definitions.h"

#include <charconv>
#include <cstring>
#include <string>

#include "registry.h"
#include "value.h"

namespace mortise::metrics {

namespace {

[[noreturn]] void refuse(const char *option, const char *text, const std::string &why) {
  uwsgi_log("%s = %s: %s (correct it; the server does not start)\n", option, text, why.c_str());
  exit(1);
}

// A number of a definition; missing: 0.
int64_t number(const char *option, const char *text, const char *key, const char *value) {
  if (!value) return 0;
  int64_t parsed = 0;
  const char *end = value + strlen(value);
  auto [rest, error] = std::from_chars(value, end, parsed);
  if (error != std::errc() || rest != end || rest == value)
    refuse(option, text, std::string(key) + " is no number: " + value);
  return parsed;
}

int type_named(const char *text, const char *name) {
  if (!name || !strcmp(name, "counter")) return UWSGI_METRIC_COUNTER;
  if (!strcmp(name, "gauge")) return UWSGI_METRIC_GAUGE;
  if (!strcmp(name, "absolute")) return UWSGI_METRIC_ABSOLUTE;
  if (!strcmp(name, "alias")) return UWSGI_METRIC_ALIAS;
  refuse("metric", text, std::string("unknown type ") + name + ": counter, gauge, absolute or alias");
}

uwsgi_metric *metric_named(const char *option, const char *text, const char *name) {
  uwsgi_metric *metric = find_by_name(name);
  if (!metric) refuse(option, text, std::string("there is no metric ") + name);
  return metric;
}

void add_children(uwsgi_metric *metric, const char *text, char *names) {
  char *rest = nullptr;
  for (char *name = strtok_r(names, ";", &rest); name; name = strtok_r(nullptr, ";", &rest))
    uwsgi_metric_add_child(metric, metric_named("metric", text, name));
}

}  // namespace

uwsgi_metric *define_metric(const char *text) {
  char *name = nullptr, *oid = nullptr, *type = nullptr, *initial = nullptr, *collector = nullptr;
  char *freq = nullptr, *arg1 = nullptr, *arg2 = nullptr, *arg3 = nullptr, *arg1n = nullptr, *arg2n = nullptr;
  char *arg3n = nullptr, *children = nullptr, *alias = nullptr, *reset = nullptr;
  if (!strchr(text, '=')) {
    name = uwsgi_str(text);
  } else if (uwsgi_kvlist_parse_strict(text, strlen(text), ',', '=', "name", &name, "oid", &oid, "type",
                                       &type, "initial_value", &initial, "collector", &collector, "freq",
                                       &freq, "arg1", &arg1, "arg2", &arg2, "arg3", &arg3, "arg1n", &arg1n,
                                       "arg2n", &arg2n, "arg3n", &arg3n, "children", &children, "alias",
                                       &alias, "reset_after_push", &reset, nullptr)) {
    refuse("metric", text,
           "it has an unknown key; there are name, oid, type, initial_value, collector, freq, arg1 to arg3, "
           "arg1n "
           "to arg3n, children, alias, reset_after_push");
  }
  if (!name || !is_valid_name(name)) refuse("metric", text, "it needs a name of letters, digits and .-_");
  if (collector && !find_collector(collector))
    refuse("metric", text, std::string("no collector ") + collector);
  auto number_of = [text](const char *key, const char *value) { return number("metric", text, key, value); };
  const int64_t seconds = number_of("freq", freq);
  if (seconds < 0 || seconds > UINT32_MAX) refuse("metric", text, "freq is out of range");
  uwsgi_metric *metric = uwsgi_register_metric(name, oid, static_cast<uint8_t>(type_named(text, type)),
                                               collector, nullptr, static_cast<uint32_t>(seconds), nullptr);
  metric->initial_value = number_of("initial_value", initial);
  metric->arg1 = arg1;
  metric->arg2 = arg2;
  metric->arg3 = arg3;
  metric->arg1n = number_of("arg1n", arg1n);
  metric->arg2n = number_of("arg2n", arg2n);
  metric->arg3n = number_of("arg3n", arg3n);
  metric->reset_after_push = reset != nullptr && strcmp(reset, "0") != 0;
  if (alias) make_alias(metric, metric_named("metric", text, alias));
  if (!alias) set(metric, metric->initial_value);
  if (children) add_children(metric, text, children);
  free(children);
  return metric;
}

uwsgi_metric_threshold *define_threshold(const char *text) {
  constexpr const char *kOption = "metric-threshold";
  char *key = nullptr, *value = nullptr, *reset = nullptr, *rate = nullptr, *alarm = nullptr,
       *message = nullptr;
  if (uwsgi_kvlist_parse_strict(text, strlen(text), ',', '=', "key", &key, "value", &value, "reset", &reset,
                                "rate", &rate, "alarm", &alarm, "msg", &message, nullptr))
    refuse(kOption, text, "it has an unknown key; there are key, value, alarm, rate, reset, msg");
  if (!key || !value) refuse(kOption, text, "it needs a key, which is a metric's name, and a value");
  uwsgi_metric *metric = metric_named(kOption, text, key);
  auto *threshold = static_cast<uwsgi_metric_threshold *>(uwsgi_calloc(sizeof(uwsgi_metric_threshold)));
  threshold->value = number(kOption, text, "value", value);
  threshold->reset = reset != nullptr;
  threshold->reset_value = number(kOption, text, "reset", reset);
  threshold->rate = static_cast<int32_t>(number(kOption, text, "rate", rate));
  threshold->alarm = alarm;
  threshold->msg = message;
  threshold->msg_len = message ? strlen(message) : 0;
  uwsgi_metric_threshold **end = &metric->thresholds;
  while (*end) end = &(*end)->next;
  return *end = threshold;
}

}  // namespace mortise::metrics
