// Any bytes as a request head: the verdict does not depend on the pieces they come in, views stay inside, and
// a head that was taken means the same when it is written anew.
#include "plugins/http/request_parser.h"

#include <string>

#include "growing_head.h"
#include "plugins/http/cgi_names.h"
#include "plugins/http/url_decode.h"

using namespace mortise::http;

namespace {

void check_inside(std::string_view view, std::string_view bytes) {
  check(view.empty() ||
        (view.data() >= bytes.data() && view.data() + view.size() <= bytes.data() + bytes.size()));
}

void check_head(const RequestHead &head, std::string_view bytes) {
  check(bytes.ends_with("\r\n\r\n"));
  check(head.minor == 0 || head.minor == 1);
  check(!head.method.empty() && !head.path.empty());
  check(head.minor == 0 || !head.host.empty());
  check(!(head.chunked && head.has_content_length) && !(head.chunked && head.minor == 0));
  for (std::string_view view : {head.method, head.target, head.query, head.host, head.upgrade})
    check_inside(view, bytes);
  if (head.path != "/") check_inside(head.path, bytes);

  char decoded[300], scratch[2048];
  check(decode_path(head.path, decoded).has_value());
  for (const HeaderField &field : head.headers()) {
    check_inside(field.name, bytes);
    check_inside(field.value, bytes);
    check(!field.name.empty());
    for (char byte : field.value) check(byte == '\t' || (static_cast<uint8_t>(byte) >= ' ' && byte != 0x7f));
    cgi_name(field, scratch);
  }
}

std::string write(const RequestHead &head) {
  std::string text(head.method);
  text.append(" ").append(head.target).append(head.minor ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
  for (const HeaderField &field : head.headers())
    text.append(field.name).append(":").append(field.value).append("\r\n");
  return text + "\r\n";
}

void check_means_same(const RequestHead &a, const RequestHead &b) {
  check(a.method == b.method && a.path == b.path && a.query == b.query && a.host == b.host &&
        a.upgrade == b.upgrade);
  check(a.content_length == b.content_length && a.has_content_length == b.has_content_length);
  check(a.chunked == b.chunked && a.keep_alive == b.keep_alive && a.expect_continue == b.expect_continue);
  check(a.minor == b.minor && a.field_count == b.field_count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static RequestHead head, again;
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  const ParseResult whole = parse_every_way(bytes, [](std::string_view piece, size_t &hint) {
    return parse_request_head(piece, kSmallLimits, head, hint);
  });
  if (whole.verdict != Verdict::kComplete) return 0;

  check(whole.consumed <= size);
  check_head(head, bytes.substr(0, whole.consumed));
  const std::string written = write(head);
  size_t hint = 0;
  check(parse_request_head(written, {}, again, hint).consumed == written.size());
  check_means_same(head, again);
  return 0;
}
