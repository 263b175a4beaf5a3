#include "escape.h"

namespace mortise::logging {

namespace {

constexpr char kDigits[] = "0123456789abcdef";

bool plain(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

// Bytes of the character that text begins with; 0 where it is none.
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  auto continues = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!continues(1) || !continues(2)) return 0;
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
    return 4;
  }
  return 0;
}

void append_json(std::string &out, std::string_view text) {
  while (!text.empty()) {
    unsigned char c = static_cast<unsigned char>(text.front());
    size_t used = 1;
    if (plain(c)) {
      while (used < text.size() && plain(static_cast<unsigned char>(text[used]))) ++used;
      out += text.substr(0, used);
    } else if (c == '"' || c == '\\') {
      out += {'\\', static_cast<char>(c)};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c < 0x20 || c == 0x7f) {
      out += {'\\', 'u', '0', '0', kDigits[c >> 4], kDigits[c & 15]};
    } else if ((used = utf8_length(text)) > 0) {
      out += text.substr(0, used);
    } else {
      out += "\\ufffd";
      used = 1;
    }
    text.remove_prefix(used);
  }
}

}  // namespace

void append_escaped(std::string &out, std::string_view text, Escape escape) {
  if (escape == Escape::kNone) {
    out += text;
  } else if (escape == Escape::kJson) {
    append_json(out, text);
  } else {
    for (unsigned char c : text) {
      if ((c < 0x20 && c != '\t') || c == 0x7f) {
        out += {'\\', 'x', kDigits[c >> 4], kDigits[c & 15]};
      } else {
        out += static_cast<char>(c);
      }
    }
  }
}

bool looks_like_json(std::string_view format) {
  while (!format.empty() && (format.front() == ' ' || format.front() == '\t')) format.remove_prefix(1);
  while (!format.empty() && (format.back() == ' ' || format.back() == '\t' || format.back() == '\n'))
    format.remove_suffix(1);
  return (format.starts_with('{') && format.ends_with('}')) ||
         (format.starts_with("[\"") && format.ends_with("]"));
}

}  // namespace mortise::logging
