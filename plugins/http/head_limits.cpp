#include "head_limits.h"

#include <uwsgi.h>

#include <algorithm>

#include "header_field.h"
#include "options.h"

namespace mortise::http {

HeadLimits gateway_limits() {
  HeadLimits limits = head_limits();
  if (uwsgi.limit_post) limits.max_body_bytes = uwsgi.limit_post;
  return limits;
}

HeadLimits head_limits() {
  // Lengths of variables have 16 bits, on the wire of the uwsgi protocol and in struct wsgi_request.
  constexpr int kMost = UINT16_MAX;
  constexpr size_t kLeastVariableBytes = 256;
  HeadLimits limits;
  limits.max_head_bytes = static_cast<size_t>(std::min(uwsgi.buffer_size, kMost));
  // What a packet holds beside the head: addresses, ports, a server's name; and --http-var, kept free on both
  // ways in.
  size_t reserved_bytes = 512;
  int reserved_variables = kOwnVariables;
  for (const uwsgi_string_list *item = options.vars; item; item = item->next, ++reserved_variables)
    reserved_bytes += item->len + 4;
  limits.max_variable_bytes =
      std::max(limits.max_head_bytes, reserved_bytes + kLeastVariableBytes) - reserved_bytes;
  limits.max_target_bytes = std::min(limits.max_target_bytes, limits.max_head_bytes);
  limits.max_headers =
      std::min(kMaxHeaders, static_cast<size_t>(std::max(uwsgi.max_vars - reserved_variables, 1)));
  return limits;
}

}  // namespace mortise::http
