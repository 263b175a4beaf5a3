// Comma-separated field values (RFC 9110 §5.6.1) and the two fields that frame a message (RFC 9112 §6).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "byte_class.h"

namespace mortise::http {

constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Calls use(element) for each element, blanks removed and empty ones left out.
template <typename Use>
void for_each_element(std::string_view list, Use use) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view element = trim_blanks(list.substr(0, comma));
    if (!element.empty()) use(element);
    if (comma == list.npos) return;
    list.remove_prefix(comma + 1);
  }
}

// Content-Length: digits only, no sign, list or blank, and not above 2^64 - 1.
std::optional<uint64_t> parse_content_length(std::string_view value);

// Takes the one Content-Length of a head. Returns why it is refused, or nullptr.
const char *take_content_length(std::string_view value, bool &has_length, uint64_t &length);

// What a Transfer-Encoding says. Only kChunked is served.
enum class Coding : uint8_t {
  kChunked,      // exactly that
  kUnsupported,  // chunked comes last, after another coding: 501 (RFC 9112 §6.1)
  kUnframed,     // chunked does not come last, or is not a proper list: 400 (RFC 9112 §6.3)
};
Coding parse_transfer_encoding(std::string_view value);

// Options of Connection, gathered over all lines of it.
struct ConnectionOptions {
  bool close = false, keep_alive = false, upgrade = false;
  void add(std::string_view value);
};

}  // namespace mortise::http
