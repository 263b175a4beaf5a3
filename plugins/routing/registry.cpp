#include "registry.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace mortise::routing {

namespace {

// Linked lists, because plugins get pointers to the items and may look at `next`.
uwsgi_router *routers;
uwsgi_route_condition *conditions;
uwsgi_route_var *variables;

// Actions that sibling plugins have, so that a route is enough to load them.
constexpr auto kElsewhere = std::to_array<std::pair<std::string_view, const char *>>({
    {"static", "router_static"},
    {"static-next", "router_static"},
    {"file", "router_static"},
    {"file-next", "router_static"},
    {"sendfile", "router_static"},
    {"sendfile-next", "router_static"},
    {"fastfile", "router_static"},
    {"fastfile-next", "router_static"},
    {"http", "router_http"},
    {"httpdumb", "router_http"},
    {"proxyhttp", "router_http"},
    {"httpconnect", "router_http"},
    {"proxyhttpconnect", "router_http"},
    {"uwsgi", "router_uwsgi"},
    {"proxyuwsgi", "router_uwsgi"},
    {"cache", "router_cache"},
    {"cache-continue", "router_cache"},
    {"cachevar", "router_cache"},
    {"cacheset", "router_cache"},
    {"cachestore", "router_cache"},
    {"cache-store", "router_cache"},
    {"cacheinc", "router_cache"},
    {"cachedec", "router_cache"},
    {"cachemul", "router_cache"},
    {"cachediv", "router_cache"},
    {"incache", "router_cache"},
    {"metricinc", "router_metrics"},
    {"metricdec", "router_metrics"},
    {"metricmul", "router_metrics"},
    {"metricdiv", "router_metrics"},
    {"metricset", "router_metrics"},
    {"metric", "router_metrics"},
    {"gzip", "compression"},
    {"chunked", "transformations"},
    {"toupper", "transformations"},
    {"template", "transformations"},
    {"tofile", "transformations"},
    {"to-file", "transformations"},
    {"offload", "transformations"},
});

template <typename Item>
Item *find(Item *list, std::string_view name) {
  for (; list; list = list->next)
    if (name == list->name) return list;
  return nullptr;
}

template <typename Item>
Item *add(Item **list, const char *name) {
  if (Item *present = find(*list, name)) return present;
  auto *item = static_cast<Item *>(uwsgi_calloc(sizeof(Item)));
  item->name = uwsgi_str(name);
  while (*list) list = &(*list)->next;
  return *list = item;
}

template <typename Item>
const Item *find_or_load(Item *&list, std::string_view name) {
  if (const Item *item = find(list, name)) return item;
  for (const auto &[known, plugin] : kElsewhere)
    if (known == name && uwsgi_load_plugin(plugin) == 0) return find(list, name);
  return nullptr;
}

template <typename Item>
std::string names_of(const Item *list, bool with_elsewhere) {
  std::vector<std::string_view> names;
  for (; list; list = list->next) names.push_back(list->name);
  if (with_elsewhere)
    for (const auto &[known, plugin] : kElsewhere)
      if (known != "incache" && known != "metric") names.push_back(known);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string text;
  for (std::string_view name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

}  // namespace

const uwsgi_router *find_router(std::string_view name) {
  return find_or_load(routers, name);
}
const uwsgi_route_condition *find_condition(std::string_view name) {
  return find_or_load(conditions, name);
}
const uwsgi_route_var *find_variable(std::string_view name) {
  for (const uwsgi_route_var *item = variables; item; item = item->next)
    if (name == std::string_view(item->name, item->name_len)) return item;
  return nullptr;
}

std::string router_names() {
  return names_of(routers, true);
}
std::string condition_names() {
  return names_of(conditions, false);
}

}  // namespace mortise::routing

using namespace mortise::routing;

extern "C" {

uwsgi_router *uwsgi_register_router(const char *name, int (*setup)(uwsgi_route *, char *args)) {
  uwsgi_router *router = add(&routers, name);
  router->func = setup;
  return router;
}

uwsgi_route_condition *uwsgi_register_route_condition(const char *name,
                                                      int (*func)(wsgi_request *, uwsgi_route *)) {
  uwsgi_route_condition *condition = add(&conditions, name);
  condition->func = func;
  return condition;
}

uwsgi_route_var *uwsgi_register_route_var(const char *name,
                                          char *(*func)(wsgi_request *, char *, uint16_t, uint16_t *)) {
  uwsgi_route_var *variable = add(&variables, name);
  variable->name_len = static_cast<uint16_t>(strlen(name));
  variable->func = func;
  variable->need_free = 0;
  return variable;
}

}  // extern "C"
