// metricinc, metricdec, metricmul, metricdiv, metricset and ${metric[name]}: routes that count.
#include <uwsgi.h>
#include <mortise/route_text.hpp>

#include <cstring>

using namespace mortise;

namespace {

using Change = int (*)(char *name, char *oid, int64_t value);
constexpr struct {
  const char *action;
  Change change;
} kActions[] = {
    {"metricinc", uwsgi_metric_inc}, {"metricdec", uwsgi_metric_dec}, {"metricmul", uwsgi_metric_mul},
    {"metricdiv", uwsgi_metric_div}, {"metricset", uwsgi_metric_set},
};

// data: name, data2: value, data3: Change.
int count(wsgi_request *request, uwsgi_route *route) {
  RouteText name(request, route, {static_cast<char *>(route->data), route->data_len});
  RouteText value(request, route, {static_cast<char *>(route->data2), route->data2_len});
  if (name && value)
    reinterpret_cast<Change>(route->data3)(name.c_str(), nullptr, strtoll(value.c_str(), nullptr, 10));
  return UWSGI_ROUTE_NEXT;
}

// "name" or "name,value"
int set_up(uwsgi_route *route, char *args) {
  static char one[] = "1";
  if (!*args || *args == ',') return refuse_route(route, "it is written NAME or NAME,VALUE");
  route->func = count;
  const char *comma = strchr(args, ',');
  route->data = args;
  route->data_len = comma ? static_cast<size_t>(comma - args) : strlen(args);
  route->data2 = comma ? const_cast<char *>(comma + 1) : one;
  route->data2_len = strlen(static_cast<char *>(route->data2));
  for (const auto &known : kActions)
    if (strcmp(known.action, route->action) == 0) route->data3 = reinterpret_cast<void *>(known.change);
  return 0;
}

char *value_of(wsgi_request *, char *name, uint16_t name_len, uint16_t *len) {
  char *text = uwsgi_64bit2str(uwsgi_metric_getn(name, name_len, nullptr, 0));
  *len = static_cast<uint16_t>(strlen(text));
  return text;
}

void on_load() {
  for (const auto &known : kActions) uwsgi_register_router(known.action, set_up);
  uwsgi_register_route_var("metric", value_of)->need_free = 1;
}

}  // namespace

uwsgi_plugin router_metrics_plugin = {.name = "router_metrics", .on_load = on_load};
