#include "sdk/runtime/byte_range.h"

#include <charconv>

namespace mortise {

void read_range(wsgi_request &request, std::string_view value) {
  constexpr std::string_view kUnit = "bytes=";
  if (!value.starts_with(kUnit)) return;
  const char *at = value.data() + kUnit.size(), *const end = value.data() + value.size();
  int64_t from = 0, to = INT64_MAX;
  const auto first = std::from_chars(at, end, from);  // of "-9" it takes the sign with it
  if (first.ec != std::errc()) return;
  at = first.ptr;
  if (at != end && from >= 0 && *at++ == '-' && at != end) {
    const auto last = std::from_chars(at, end, to);
    if (last.ec != std::errc() || to < from) return;
    at = last.ptr;
  } else if (from >= 0 && at[-1] != '-') {
    return;
  }
  if (at != end) return;
  request.range_from = static_cast<uint64_t>(from);
  request.range_to = static_cast<uint64_t>(to);
  request.range_parsed = UWSGI_RANGE_PARSED;
}

}  // namespace mortise
