// What may stand in the head of a response (RFC 9110 §5, §8.6, §15), as pure functions over texts. An
// application's text that breaks these rules could end a line, the head or the body where a client does not
// expect it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mortise {

// A token: letters, digits and a few marks, no blank and no colon.
bool is_field_name(std::string_view text);

// A value or a reason phrase: no control byte but tab.
bool is_field_text(std::string_view text);

// Content-Length: digits, and not above 2^64 - 1.
std::optional<uint64_t> content_length_of(std::string_view value);

// The code of "200 OK" or "200". Nothing for other texts, and for interim answers but 101: a client would go
// on to wait for the final one.
std::optional<int> status_code_of(std::string_view status);

// A list that holds options of Connection which the server decides on.
struct ConnectionWishes {
  bool close = false;
  bool others = false;  // than close and keep-alive, such as upgrade
};
ConnectionWishes connection_wishes_of(std::string_view value);

}  // namespace mortise
