// Values from the network as parts of a line: control bytes must not forge one, quotes must not end a JSON
// string.
#pragma once

#include <string>
#include <string_view>

namespace mortise::logging {

enum class Escape {
  kNone,
  kText,  // control bytes as \xNN
  kJson,  // RFC 8259 §7; bytes that are no UTF-8 (RFC 3629) become U+FFFD
};

void append_escaped(std::string &out, std::string_view text, Escape escape);

// Whether a format is a JSON object or array, so that its values are to be escaped as that.
bool looks_like_json(std::string_view format);

}  // namespace mortise::logging
