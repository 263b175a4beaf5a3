#include "cron_time.h"

#include <charconv>

namespace mortise::daemons {

namespace {

bool field_matches(int wanted, int actual) {
  if (wanted == -1) return true;
  return wanted < -1 ? actual % -wanted == 0 : wanted == actual;
}

std::string_view take_word(std::string_view &text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::string_view word = text.substr(0, std::min(text.find_first_of(" \t"), text.size()));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

bool matches(const CronTime &time, const tm &local) {
  if (!field_matches(time.minute, local.tm_min) || !field_matches(time.hour, local.tm_hour) ||
      !field_matches(time.month, local.tm_mon + 1))
    return false;
  bool day = field_matches(time.day, local.tm_mday);
  bool week = field_matches(time.week == 7 ? 0 : time.week, local.tm_wday);
  return time.day == -1 || time.week == -1 ? day && week : day || week;
}

std::optional<int> parse_field(std::string_view text, int least, int most) {
  if (text == "*") return -1;
  bool each = text.starts_with("*/");
  if (each) text.remove_prefix(2);
  int number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most) return std::nullopt;
  if (each) return number > 0 ? std::optional(number == 1 ? -1 : -number) : std::nullopt;
  if (number < -most) return std::nullopt;
  return number < 0 || number >= least ? std::optional(number) : std::nullopt;
}

std::optional<CronLine> parse_cron_line(std::string_view text) {
  CronLine line;
  const struct {
    int *field, least, most;
  } fields[] = {{&line.time.minute, 0, 59},
                {&line.time.hour, 0, 23},
                {&line.time.day, 1, 31},
                {&line.time.month, 1, 12},
                {&line.time.week, 0, 7}};
  for (const auto &[field, least, most] : fields) {
    auto number = parse_field(take_word(text), least, most);
    if (!number) return std::nullopt;
    *field = *number;
  }
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  line.command = text;
  if (line.command.empty()) return std::nullopt;
  return line;
}

}  // namespace mortise::daemons
