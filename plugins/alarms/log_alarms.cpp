#include "log_alarms.h"

#include <uwsgi.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"
#include "registry.h"

namespace mortise::alarms {

namespace {

struct Rule {
  bool skip;  // not-log-alarm
  uwsgi_pcre *pattern;
  std::vector<std::string> alarms;
};

std::vector<Rule> &rules() {
  static std::vector<Rule> &all = *new std::vector<Rule>;
  return all;
}

std::vector<std::string> split(std::string_view names) {
  std::vector<std::string> all;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    if (!name.empty()) all.emplace_back(name);
    names.remove_prefix(std::min(name.size() + 1, names.size()));
  }
  return all;
}

bool add_rules(const char *option, const uwsgi_string_list *items, bool skip) {
  for (; items; items = items->next) {
    const std::string_view text = items->value;
    const size_t space = text.find(' ');
    const size_t pattern = text.find_first_not_of(' ', space);
    Rule rule{skip, nullptr, split(text.substr(0, space))};
    if (pattern == text.npos || rule.alarms.empty() ||
        uwsgi_regexp_build(items->value + pattern, &rule.pattern)) {
      uwsgi_log("%s = %s: write %s = ALARM[,ALARM…] PATTERN\n", option, items->value, option);
      return false;
    }
    for (const std::string &alarm : rule.alarms) {
      if (find_instance(alarm)) continue;
      uwsgi_log("%s = %s: there is no alarm '%s' (add alarm = %s KIND:ARGUMENT)\n", option, items->value,
                alarm.c_str(), alarm.c_str());
      return false;
    }
    rules().push_back(std::move(rule));
  }
  return true;
}

bool matches(const Rule &rule, std::string_view line) {
  return uwsgi_regexp_match(rule.pattern, line.data(), static_cast<int>(line.size())) >= 0;
}

bool is_skipped(const std::string &alarm, std::string_view line) {
  for (const Rule &rule : rules())
    if (rule.skip && std::find(rule.alarms.begin(), rule.alarms.end(), alarm) != rule.alarms.end() &&
        matches(rule, line))
      return true;
  return false;
}

// Behind the time stamp. Else an alarm that logs would raise itself for ever.
bool comes_from_an_alarm(std::string_view line) {
  const std::string_view head = line.substr(0, 64);
  return head.find("[uwsgi-alarm") != head.npos || head.find("ALARM: ") != head.npos;
}

}  // namespace

bool watch_log() {
  static bool watching = false;
  if (watching) return true;
  // Looked up at run time: not everybody who uses alarms shall have the log's plugin loaded.
  using Watch = void (*)(void (*)(const char *, size_t));
  constexpr const char *kWatch = "uwsgi_log_watch";
  if (!dlsym(RTLD_DEFAULT, kWatch)) uwsgi_load_plugin("logging");
  auto watch = reinterpret_cast<Watch>(dlsym(RTLD_DEFAULT, kWatch));
  if (watch) watch(check_line);
  if (!watch) uwsgi_log("log-alarm: nobody has the lines of the log (install plugin logging)\n");
  return watching = watch != nullptr;
}

bool compile_log_alarms() {
  return add_rules("log-alarm", options().log, false) && add_rules("not-log-alarm", options().not_log, true);
}

void check_line(const char *text, size_t len) {
  std::string_view line(text, len);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (comes_from_an_alarm(line)) return;
  for (const Rule &rule : rules()) {
    if (rule.skip || !matches(rule, line)) continue;
    for (const std::string &alarm : rule.alarms)
      if (!is_skipped(alarm, line))
        uwsgi_alarm_trigger(alarm.c_str(), const_cast<char *>(line.data()), line.size());
  }
}

}  // namespace mortise::alarms
