// Any bytes as a response head: the verdict does not depend on the pieces they come in, and its lines can be
// copied.
#include <string>

#include "growing_head.h"
#include "plugins/http/response_parser.h"

using namespace mortise::http;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ResponseHead head, again;
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  const ParseResult whole = parse_every_way(bytes, [](std::string_view piece, size_t &hint) {
    return parse_response_head(piece, kSmallLimits, head, hint);
  });
  check(whole.verdict != Verdict::kRefused || whole.status == 502);
  if (whole.verdict != Verdict::kComplete) return 0;

  check(whole.consumed <= size && bytes.substr(0, whole.consumed).ends_with("\r\n\r\n"));
  check(head.status >= 100 && head.status <= 599 && !(head.chunked && head.has_content_length));
  std::string copy = head.minor ? "HTTP/1.1 " : "HTTP/1.0 ";
  copy.append(std::to_string(head.status)).append(" ").append(head.reason).append("\r\n");
  for (const HeaderField &field : head.headers()) copy.append(header_line(field)).append("\r\n");
  copy.append("\r\n");
  size_t hint = 0;
  check(parse_response_head(copy, {}, again, hint).consumed == copy.size());
  check(again.status == head.status && again.reason == head.reason && again.field_count == head.field_count);
  check(again.body(false) == head.body(false) && again.content_length == head.content_length);
  check(again.keep_alive == head.keep_alive && again.upgrade == head.upgrade);
  return 0;
}
