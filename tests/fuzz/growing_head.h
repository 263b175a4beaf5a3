// What the fuzz targets of head parsers share: checks that abort, and heads that come in growing prefixes.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "plugins/http/parse_result.h"

namespace mortise::http {

constexpr HeadLimits kSmallLimits{2000, 300, 20};

inline void check(bool good) {
  if (!good) __builtin_trap();
}

// parse(bytes, hint) in prefixes that grow by `step` bytes, each in memory of its own.
template <typename Parse>
ParseResult parse_growing(std::string_view bytes, size_t step, Parse parse) {
  size_t hint = 0;
  for (size_t size = 0;; size = std::min(size + step, bytes.size())) {
    const std::string piece(bytes.substr(0, size));
    ParseResult result = parse(piece, hint);
    if (result.verdict != Verdict::kNeedMore || size == bytes.size()) return result;
  }
}

// The verdict on the whole, which is checked to be that on any pieces. The whole is parsed last: its views
// are good.
template <typename Parse>
ParseResult parse_every_way(std::string_view bytes, Parse parse) {
  const ParseResult whole = parse_growing(bytes, std::max<size_t>(bytes.size(), 1), parse);
  for (size_t step : {size_t{1}, 2 + bytes.size() % 13, 16 + bytes.size() % 64}) {
    if (step == 1 && bytes.size() > 256) continue;
    const ParseResult pieces = parse_growing(bytes, step, parse);
    check(pieces.verdict == whole.verdict && pieces.status == whole.status);
    check(pieces.consumed == whole.consumed && pieces.reason == whole.reason);
  }
  size_t hint = 0;
  return parse(bytes, hint);
}

}  // namespace mortise::http
