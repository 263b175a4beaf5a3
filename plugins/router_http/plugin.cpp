// http, httpdumb, proxyhttp, httpconnect, proxyhttpconnect: the request goes to an HTTP server, whose answer
// is the client's. Arguments: address[,Host header[,path]].
#include <dlfcn.h>
#include <uwsgi.h>
#include <mortise/route_text.hpp>

#include <cstring>

#include "tunnel.h"

using namespace mortise;

namespace {

enum Kind : uint64_t { kOnCore = 1, kConnect = 2, kAsItCame = 4 };

// data: address, data2: host, data3: path; custom: Kind.
uwsgi_buffer *request_for_server(wsgi_request *request, uwsgi_route *route) {
  if (route->custom & kConnect) return uwsgi_buffer_new(0);
  RouteText path(request, route, {static_cast<char *>(route->data3), route->data3_len});
  auto *write = route->custom & kAsItCame ? uwsgi_to_http_dumb : uwsgi_to_http;
  return write(request, static_cast<char *>(route->data2), static_cast<uint16_t>(route->data2_len),
               path && path.len() ? path.c_str() : nullptr, path ? path.len() : uint16_t{0});
}

// An offload thread takes both connections. What of the body was read with the head goes with the packet.
int offload(wsgi_request *request, char *address, uwsgi_buffer *packet) {
  using Relay = int (*)(wsgi_request *, char *, uwsgi_buffer *);
  static const auto relay = reinterpret_cast<Relay>(dlsym(RTLD_DEFAULT, "uwsgi_offload_request_net_do"));
  if (!relay || !request->socket->can_offload || request->body_is_chunked || request->post_pos > 0) return -1;
  const size_t used = packet->pos;
  const size_t here = UMIN(request->proto_parser_remains, request->post_cl);
  if (uwsgi_buffer_append(packet, request->proto_parser_remains_buf, here)) return -1;
  if (relay(request, address, packet) == 0) return 0;
  packet->pos = used;
  return -1;
}

int forward(wsgi_request *request, uwsgi_route *route) {
  request->via = UWSGI_VIA_ROUTE;
  RouteText address(request, route, {static_cast<char *>(route->data), route->data_len});
  uwsgi_buffer *packet = address ? request_for_server(request, route) : nullptr;
  if (!packet) {
    uwsgi_500(request);
    return UWSGI_ROUTE_BREAK;
  }
  if (route->custom & kConnect) {
    const int result = tunnel(request, address.c_str(), packet, !(route->custom & kOnCore));
    if (result) uwsgi_buffer_destroy(packet);
    return UWSGI_ROUTE_BREAK;
  }
  if (!(route->custom & kOnCore) && offload(request, address.c_str(), packet) == 0) {
    request->status =
        request->status ? request->status : 202;  // the log: accepted, the thread knows the rest
    return UWSGI_ROUTE_BREAK;
  }
  const size_t remains = request->body_is_chunked ? 0 : request->post_cl;
  if (uwsgi_proxy_nb(request, address.c_str(), packet, remains, uwsgi.socket_timeout) &&
      !request->headers_sent) {
    constexpr char kStatus[] = "502 Bad Gateway";
    if (uwsgi_response_prepare_headers(request, kStatus, sizeof kStatus - 1) == 0)
      uwsgi_response_add_content_length(request, 0);
  }
  uwsgi_buffer_destroy(packet);
  return UWSGI_ROUTE_BREAK;
}

constexpr struct {
  const char *action;
  uint64_t kind;
} kActions[] = {
    {"http", 0},
    {"httpdumb", kAsItCame},
    {"proxyhttp", kOnCore},
    {"httpconnect", kConnect},
    {"proxyhttpconnect", kOnCore | kConnect},
};

// The next part of "a,b,c", whose comma becomes a NUL.
char *next_part(char **args, size_t *len) {
  char *part = *args;
  if (!part) return nullptr;
  char *comma = strchr(part, ',');
  if (comma) *comma = '\0';
  *args = comma ? comma + 1 : nullptr;
  *len = strlen(part);
  return part;
}

int set_up(uwsgi_route *route, char *args) {
  if (!*args || *args == ',') return refuse_route(route, "it is written ADDRESS[,HOST[,PATH]]");
  for (const auto &known : kActions)
    if (strcmp(known.action, route->action) == 0) route->custom = known.kind;
  route->func = forward;
  route->data = next_part(&args, &route->data_len);
  route->data2 = next_part(&args, &route->data2_len);
  route->data3 = next_part(&args, &route->data3_len);
  return 0;
}

void on_load() {
  for (const auto &known : kActions) uwsgi_register_router(known.action, set_up);
}

}  // namespace

uwsgi_plugin router_http_plugin = {.name = "router_http", .on_load = on_load};
