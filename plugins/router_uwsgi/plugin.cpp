// uwsgi:,MODIFIER1,MODIFIER2[,APPID]: another plugin of this server.
// uwsgi:ADDRESS,MODIFIER1,MODIFIER2[,APPID]: another server, over the uwsgi protocol; proxyuwsgi: never by an
// offload thread.
#include <dlfcn.h>
#include <uwsgi.h>
#include <mortise/route_text.hpp>

#include <cstring>
#include <memory>

using namespace mortise;

namespace {

struct Target {
  std::string_view address, appid;
  uint8_t modifier1, modifier2;
  bool on_core;
};

int here(wsgi_request *request, uwsgi_route *route) {
  const auto &target = *static_cast<const Target *>(route->data2);
  request->uh->modifier1 = target.modifier1;
  request->uh->modifier2 = target.modifier2;
  if (!target.appid.empty()) {
    RouteText appid(request, route, target.appid);
    if (!appid || !uwsgi_req_append(request, "UWSGI_APPID", 11, appid.c_str(), appid.len()))
      return UWSGI_ROUTE_BREAK;
  }
  return UWSGI_ROUTE_CONTINUE;
}

struct Destroy {
  void operator()(uwsgi_buffer *buffer) const { uwsgi_buffer_destroy(buffer); }
};
using Buffer = std::unique_ptr<uwsgi_buffer, Destroy>;

// The routing engine has packed the variables.
Buffer packet_of(const wsgi_request *request, const Target &target) {
  Buffer packet(uwsgi_buffer_new(4 + size_t{request->len}));
  if (uwsgi_buffer_append(packet.get(), "\0\0\0\0", 4) ||
      uwsgi_buffer_append(packet.get(), request->buffer, request->len) ||
      uwsgi_buffer_set_uh(packet.get(), target.modifier1, target.modifier2))
    return nullptr;
  return packet;
}

int add_appid(uwsgi_buffer *packet, const RouteText &appid) {
  uwsgi_buffer_append_keyval(packet, "UWSGI_APPID", 11, appid.c_str(), appid.len());
  return uwsgi_buffer_set_uh(packet, static_cast<uint8_t>(packet->buf[0]),
                             static_cast<uint8_t>(packet->buf[3]));
}

int offload(wsgi_request *request, char *address, Buffer &packet) {
  using Relay = int (*)(wsgi_request *, char *, uwsgi_buffer *);
  static const auto relay = reinterpret_cast<Relay>(dlsym(RTLD_DEFAULT, "uwsgi_offload_request_net_do"));
  if (!relay || !request->socket->can_offload || request->body_is_chunked || request->post_pos > 0) return -1;
  const size_t used = packet->pos;
  const size_t body_here = UMIN(request->proto_parser_remains, request->post_cl);
  if (uwsgi_buffer_append(packet.get(), request->proto_parser_remains_buf, body_here)) return -1;
  if (relay(request, address, packet.get()) == 0) return packet.release(), 0;
  packet->pos = used;
  return -1;
}

int there(wsgi_request *request, uwsgi_route *route) {
  const auto &target = *static_cast<const Target *>(route->data2);
  request->via = UWSGI_VIA_ROUTE;
  RouteText address(request, route, target.address), appid(request, route, target.appid);
  Buffer packet = address && appid ? packet_of(request, target) : nullptr;
  if (!packet || (appid.len() && add_appid(packet.get(), appid))) {
    uwsgi_500(request);
    return UWSGI_ROUTE_BREAK;
  }
  if (!target.on_core && offload(request, address.c_str(), packet) == 0) {
    request->status = 202;
    return UWSGI_ROUTE_BREAK;
  }
  const size_t remains = request->body_is_chunked ? 0 : request->post_cl;
  if (uwsgi_proxy_nb(request, address.c_str(), packet.get(), remains, uwsgi.socket_timeout) &&
      !request->headers_sent) {
    constexpr char kStatus[] = "502 Bad Gateway";
    if (uwsgi_response_prepare_headers(request, kStatus, sizeof kStatus - 1) == 0)
      uwsgi_response_add_content_length(request, 0);
  }
  return UWSGI_ROUTE_BREAK;
}

bool parse_modifier(std::string_view text, uint8_t *modifier) {
  if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != text.npos) return false;
  const size_t value = uwsgi_str_num(text.data(), static_cast<int>(text.size()));
  *modifier = static_cast<uint8_t>(value);
  return value <= UINT8_MAX;
}

int set_up(uwsgi_route *route, char *args) {
  auto *target = new Target{};
  std::string_view rest = args, parts[4];
  for (size_t i = 0; i < 4; ++i) {
    const size_t comma = i < 3 ? rest.find(',') : rest.npos;
    parts[i] = rest.substr(0, comma);
    rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
  }
  target->address = parts[0];
  target->appid = parts[3];
  target->on_core = strcmp(route->action, "proxyuwsgi") == 0;
  route->data2 = target;
  route->func = target->address.empty() ? here : there;
  if (parse_modifier(parts[1], &target->modifier1) && parse_modifier(parts[2], &target->modifier2)) return 0;
  return refuse_route(route, "it is written [ADDRESS],MODIFIER1,MODIFIER2[,APPID]");
}

void on_load() {
  for (const char *name : {"uwsgi", "proxyuwsgi"}) uwsgi_register_router(name, set_up);
}

}  // namespace

uwsgi_plugin router_uwsgi_plugin = {.name = "router_uwsgi", .on_load = on_load};
