// The text of the encoders format and json: literal parts and ${variables} of a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::logging {

struct LineTemplate {
  enum class Part { kText, kMessage, kMessageWithNewline, kSeconds, kMicroseconds, kStrftime };
  struct Piece {
    Part part;
    std::string text;  // literal, or the format of strftime
  };
  std::vector<Piece> pieces;
};

// ${msg}, ${msgnl}, ${unix}, ${micros}, ${strftime:format}; an unknown one stays as it is written.
LineTemplate parse_template(std::string_view text);

// The line in its template. json: what is inserted is escaped for a JSON string (RFC 8259 §7).
std::string fill_template(const LineTemplate &wanted, std::string_view line, uint64_t now_us, bool json);

}  // namespace mortise::logging
