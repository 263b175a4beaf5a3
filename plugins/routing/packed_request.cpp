#include "packed_request.h"

#include <cstring>

namespace mortise::routing {

namespace {

char *put(char *out, const iovec &text) {
  *out++ = static_cast<char>(text.iov_len);
  *out++ = static_cast<char>(text.iov_len >> 8);
  if (text.iov_len) memcpy(out, text.iov_base, text.iov_len);
  return out + text.iov_len;
}

// Into the memory of the request; false where they are more than a packet holds.
bool pack(wsgi_request *request) {
  size_t size = 0;
  for (int i = 0; i < request->var_cnt; ++i) size += 2 + request->hvec[i].iov_len;
  if (size > UINT16_MAX) return false;
  char *packed = uwsgi_req_alloc(request, size);
  if (!packed) return false;
  char *out = packed;
  for (int i = 0; i < request->var_cnt; ++i) out = put(out, request->hvec[i]);
  request->buffer = packed;
  request->len = static_cast<uint16_t>(size);
  request->uh->pktsize = static_cast<uint16_t>(size);
  return true;
}

using Act = int (*)(wsgi_request *, uwsgi_route *);

// The action itself is kept where those that need a packet keep nothing.
int pack_and_act(wsgi_request *request, uwsgi_route *route) {
  if (pack(request)) return reinterpret_cast<Act>(route->data4)(request, route);
  uwsgi_log("route %s: the request's variables do not fit into a packet\n", route->orig_route);
  uwsgi_500(request);
  return UWSGI_ROUTE_BREAK;
}

}  // namespace

void pack_before(uwsgi_route *route) {
  route->data4 = reinterpret_cast<void *>(route->func);
  route->func = pack_and_act;
}

}  // namespace mortise::routing
