// Any bytes as a response head: the verdict does not depend on the pieces they come in, and its lines can be
// copied.
#include <algorithm>
#include <string>

#include "plugins/http/response_parser.h"

using namespace mortise::http;

namespace {

void check(bool good) {
  if (!good) __builtin_trap();
}

constexpr HeadLimits kSmallLimits{2000, 300, 20};

ParseResult parse(std::string_view bytes, ResponseHead &head, size_t &hint,
                  const HeadLimits &limits = kSmallLimits) {
  return parse_response_head(bytes, limits, head, hint);
}

ParseResult parse_growing(std::string_view bytes, size_t step, ResponseHead &head) {
  size_t hint = 0;
  for (size_t size = 0;; size = std::min(size + step, bytes.size())) {
    const std::string piece(bytes.substr(0, size));  // memory of its own each time
    ParseResult result = parse(piece, head, hint);
    if (result.verdict != Verdict::kNeedMore || size == bytes.size()) return result;
  }
}

void check_same(const ParseResult &a, const ParseResult &b) {
  check(a.verdict == b.verdict && a.status == b.status && a.consumed == b.consumed && a.reason == b.reason);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ResponseHead head, again;
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  size_t hint = 0;
  const ParseResult whole = parse(bytes, head, hint);
  for (size_t step : {size_t{1}, 2 + size % 13, 16 + size % 64})
    if (step > 1 || size <= 256) check_same(whole, parse_growing(bytes, step, again));
  check(whole.verdict != Verdict::kRefused || whole.status == 502);
  if (whole.verdict != Verdict::kComplete) return 0;

  check(whole.consumed <= size && bytes.substr(0, whole.consumed).ends_with("\r\n\r\n"));
  check(head.status >= 100 && head.status <= 599 && !(head.chunked && head.has_content_length));
  std::string copy = head.minor ? "HTTP/1.1 " : "HTTP/1.0 ";
  copy.append(std::to_string(head.status)).append(" ").append(head.reason).append("\r\n");
  for (const HeaderField &field : head.headers()) copy.append(header_line(field)).append("\r\n");
  copy.append("\r\n");
  hint = 0;
  check(parse(copy, again, hint, {}).consumed == copy.size());
  check(again.status == head.status && again.reason == head.reason && again.field_count == head.field_count);
  check(again.body(false) == head.body(false) && again.content_length == head.content_length);
  check(again.keep_alive == head.keep_alive && again.upgrade == head.upgrade);
  return 0;
}
