#include "config/option_value.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

#include "sdk/runtime/strings.h"

namespace mortise {

namespace {

std::string_view trim(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string assignment(std::string_view option, std::string_view value) {
  return std::string(option) + " = '" + std::string(value) + "'";
}

// The value without the comment that follows it: neither a boolean nor a number has a ';' or '#' in it.
std::string_view without_comment(std::string_view option, std::string_view value, std::string *commented) {
  size_t comment = value.find_first_of(";#");
  if (comment == value.npos) return trim(value);
  std::string_view bare = trim(value.substr(0, comment));
  if (commented) *commented = assignment(option, bare);
  return bare;
}

bool is_any_of(std::string_view word, std::initializer_list<const char *> words) {
  return std::any_of(words.begin(), words.end(),
                     [word](const char *one) { return strcasecmp(std::string(word).c_str(), one) == 0; });
}

bool is_number(std::string_view word) {
  long number = 0;
  auto [end, error] = std::from_chars(word.begin(), word.end(), number);
  return error == std::errc() && end == word.end();
}

}  // namespace

Result<bool> parse_bool(std::string_view option, std::string_view value, std::string *commented) {
  std::string_view word = without_comment(option, value, commented);
  if (word.empty() || is_any_of(word, {"true", "1", "yes", "on"})) return true;
  if (is_any_of(word, {"false", "0", "no", "off"})) return false;
  if (is_number(word)) return true;  // enable-threads = 4
  return Error{assignment(option, word), "neither true nor false", "give true or false", kExitUsage};
}

Result<long> parse_number(std::string_view option, std::string_view value, std::string *commented,
                          Range range) {
  std::string_view digits = without_comment(option, value, commented);
  long number = 0;
  auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  if (error == std::errc::invalid_argument || end != digits.end())
    return Error{assignment(option, digits), "not a number", "give a whole number, without a unit",
                 kExitUsage};
  if (error == std::errc() && number >= range.least && number <= range.most) return number;
  return Error{assignment(option, digits), "out of range",
               format_text("from %ld to %ld", range.least, range.most), kExitUsage};
}

Result<int> parse_mode(std::string_view option, std::string_view value) {
  constexpr int kMost = 07777, kOctal = 8;
  int mode = 0;
  auto [end, error] = std::from_chars(value.begin(), value.end(), mode, kOctal);
  if (error == std::errc() && end == value.end() && mode >= 0 && mode <= kMost) return mode;
  return Error{assignment(option, value), "not an octal mode", "give octal digits, such as 660", kExitUsage};
}

}  // namespace mortise
