// The forms of a request target (RFC 9112 §3.2), split into host, path and query. Decodes nothing.
#pragma once

#include <string_view>

#include "byte_scan.h"
#include "request_parser.h"

namespace mortise::http {

// Sets path, query and, for absolute-form, host of a head whose method and target are set. The space after
// the target is in `buffer`. Returns why the target is refused, nullptr for a good one; *status is 400, or
// 501 for a proper CONNECT.
const char *split_target(RequestHead &head, ByteRange buffer, uint16_t *status);

}  // namespace mortise::http
