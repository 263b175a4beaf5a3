// The head of an HTTP/1.1 request, strict by RFC 9112: the one parser of --http-socket and --http. Bodies are
// not its business (see chunked.h).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "header_field.h"
#include "parse_result.h"

namespace mortise::http {

// Views are into the bytes that were parsed, except for the path "/" of a URI that has none.
struct RequestHead {
  std::string_view method;   // a token, in the client's case
  std::string_view target;   // as sent: visible ASCII
  std::string_view path;     // still escaped, each escape good; "*" for OPTIONS *
  std::string_view query;    // without '?' and fragment
  std::string_view host;     // Host, or the authority of an absolute target; empty only on HTTP/1.0
  std::string_view upgrade;  // value of Upgrade where Connection names it (HTTP/1.1), else empty
  uint64_t content_length = 0;
  bool has_content_length = false;
  bool chunked = false;
  bool keep_alive = false;
  bool expect_continue = false;  // only where a body follows
  int minor = 1;                 // of the HTTP version, 0 or 1

  // In the client's order, repeated names included. An absolute target has replaced the value of Host.
  std::span<const HeaderField> headers() const { return {fields.data(), field_count}; }

  size_t field_count = 0;
  std::array<HeaderField, kMaxHeaders> fields;
};

// Parses the head at the start of bytes. `hint` is 0 for a new head; pass it back, with all bytes since the
// head's start, after kNeedMore. `head` is good only after kComplete. Allocates nothing; [any thread].
ParseResult parse_request_head(std::string_view bytes, const HeadLimits &limits, RequestHead &head,
                               size_t &hint);

}  // namespace mortise::http
