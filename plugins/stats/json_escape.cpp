#include "json_escape.h"

#include <cstdio>

namespace mortise::stats {

namespace {

bool is_continuation(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

// Length of the well-formed sequence (Unicode, table 3-7) that the text begins with, 0 if there is none.
size_t sequence_length(std::string_view text) {
  const auto at = [text](size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  const unsigned char first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return is_continuation(second) ? 2 : 0;
  if (!is_continuation(second) || !is_continuation(at(2))) return 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool good = (first != 0xe0 || second >= 0xa0) && (first != 0xed || second <= 0x9f);
    return good ? 3 : 0;
  }
  const bool good = (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second <= 0x8f);
  return first >= 0xf0 && first <= 0xf4 && good && is_continuation(at(3)) ? 4 : 0;
}

void append_code(std::string &out, unsigned char byte) {
  char code[8];
  snprintf(code, sizeof code, "\\u%04x", byte);
  out += code;
}

}  // namespace

void append_escaped(std::string &out, std::string_view text) {
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    const size_t len = sequence_length(text);
    if (len == 0 || byte < 0x20 || byte == 0x7f) {
      append_code(out, byte);
    } else {
      if (byte == '"' || byte == '\\') out += '\\';
      out.append(text.substr(0, len));
    }
    text.remove_prefix(len ? len : 1);
  }
}

}  // namespace mortise::stats
