// What a parser says of the bytes it was given: complete, not yet, or refused with a status and a cause for
// the log.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mortise::http {

enum class Verdict : uint8_t { kComplete, kNeedMore, kRefused };

struct ParseResult {
  Verdict verdict;
  uint16_t status = 0;      // of the refusal
  size_t consumed = 0;      // bytes of a complete head, its empty line included
  const char *reason = "";  // of the refusal, a static text
};

// Bounds of one request; a head that exceeds them is refused with 414 or 431, a body with 413.
struct HeadLimits {
  size_t max_head_bytes = 64 * 1024;
  size_t max_target_bytes = 32 * 1024;
  size_t max_headers = 128;               // at most kMaxHeaders
  size_t max_variable_bytes = 64 * 1024;  // what the head may fill in a block of variables
  uint64_t max_body_bytes = UINT64_MAX;
};

}  // namespace mortise::http
