#include "sdk/runtime/head_rules.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace mortise {

namespace {

constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> token{};
  for (char byte : std::string_view("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "!#$%&'*+-.^_`|~"))
    token[static_cast<uint8_t>(byte)] = true;
  return token;
}();

bool is_control(char byte) {
  return (static_cast<uint8_t>(byte) < 0x20 && byte != '\t') || byte == 0x7f;
}

bool equals(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && strncasecmp(text.data(), lower.data(), lower.size()) == 0;
}

}  // namespace

bool is_field_name(std::string_view text) {
  for (char byte : text)
    if (!kTokenBytes[static_cast<uint8_t>(byte)]) return false;
  return !text.empty();
}

bool is_field_text(std::string_view text) {
  bool control = false;
  for (char byte : text) control |= is_control(byte);  // nearly always none: no branch for each
  return !control;
}

std::optional<uint64_t> content_length_of(std::string_view value) {
  uint64_t length = 0;
  const char *end = value.data() + value.size();
  auto [stop, error] = std::from_chars(value.data(), end, length);  // takes neither sign nor blank
  if (error != std::errc() || stop != end) return std::nullopt;
  return length;
}

std::optional<int> status_code_of(std::string_view status) {
  int code = 0;
  if (status.size() < 3 || (status.size() > 3 && status[3] != ' ')) return std::nullopt;
  auto [stop, error] = std::from_chars(status.data(), status.data() + 3, code);
  if (error != std::errc() || stop != status.data() + 3 || !is_field_text(status)) return std::nullopt;
  if (code != 101 && (code < 200 || code > 599)) return std::nullopt;
  return code;
}

ConnectionWishes connection_wishes_of(std::string_view value) {
  ConnectionWishes wishes;
  while (!value.empty()) {
    const size_t comma = std::min(value.find(','), value.size());
    std::string_view option = value.substr(0, comma);
    value.remove_prefix(std::min(comma + 1, value.size()));
    option.remove_prefix(std::min(option.find_first_not_of(" \t"), option.size()));
    option = option.substr(0, option.find_last_not_of(" \t") + 1);
    if (equals(option, "close"))
      wishes.close = true;
    else if (!option.empty() && !equals(option, "keep-alive"))
      wishes.others = true;
  }
  return wishes;
}

}  // namespace mortise
