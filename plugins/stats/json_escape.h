// Text as the inside of a JSON string (RFC 8259 §7).
#pragma once

#include <string>
#include <string_view>

namespace mortise::stats {

// Appends. Bytes that are no UTF-8 become the characters of Latin-1 with their number, so that the result
// always is JSON: variables of requests may hold anything.
void append_escaped(std::string &out, std::string_view text);

}  // namespace mortise::stats
