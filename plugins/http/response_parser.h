// The head of an HTTP/1.x response, as a worker sends it to the gateway. As strict about bytes as the request
// parser.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "header_field.h"
#include "parse_result.h"

namespace mortise::http {

// How the end of a body is found (RFC 9112 §6.3).
enum class BodyFraming : uint8_t { kNone, kLength, kChunked, kUntilClose };

// Views are into the bytes that were parsed.
struct ResponseHead {
  int status = 0;           // 100 to 599
  int minor = 1;            // of the HTTP version, 0 or 1
  std::string_view reason;  // may be empty
  uint64_t content_length = 0;
  bool has_content_length = false;
  bool chunked = false;
  bool keep_alive =
      false;  // the connection can be used again once the body has been read, if that is not kUntilClose
  bool says_keep_alive = false;  // in so many words
  bool upgrade = false;          // 101 with Connection: upgrade

  bool is_interim() const { return status < 200 && status != 101; }  // another head follows
  BodyFraming body(bool answers_head_request) const;

  // In the order sent, repeated names included.
  std::span<const HeaderField> headers() const { return {fields.data(), field_count}; }

  size_t field_count = 0;
  std::array<HeaderField, kMaxHeaders> fields;
};

// "Name: value" as it was sent, without the line end; for copying a head line by line.
inline std::string_view header_line(const HeaderField &field) {
  return {field.name.data(), field.value.data() + field.value.size()};
}

// As parse_request_head(); max_target_bytes does not apply. A refusal's status is always 502.
ParseResult parse_response_head(std::string_view bytes, const HeadLimits &limits, ResponseHead &head,
                                size_t &hint);

}  // namespace mortise::http
