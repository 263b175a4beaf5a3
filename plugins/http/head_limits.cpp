#include "head_limits.h"

#include <uwsgi.h>

#include <algorithm>

#include "header_field.h"

namespace mortise::http {

HeadLimits head_limits() {
  // Lengths of variables have 16 bits, on the wire of the uwsgi protocol and in struct wsgi_request.
  constexpr int kMost = UINT16_MAX;
  HeadLimits limits;
  limits.max_head_bytes = static_cast<size_t>(std::min(uwsgi.buffer_size, kMost));
  limits.max_headers =
      std::min(kMaxHeaders, static_cast<size_t>(std::max(uwsgi.max_vars - kOwnVariables, 1)));
  return limits;
}

}  // namespace mortise::http
