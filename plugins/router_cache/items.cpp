#include <mortise/route_text.hpp>

#include <cstring>
#include <string>

#include "actions.h"

using namespace mortise;

namespace {

struct Item {
  RouteSetting key, name, variable, value, expires, as_number;
  uint64_t seconds, flags;
  const char *usual;  // what cacheinc and its like take where no value is given
};

Item &item_of(const uwsgi_route *route) {
  return *static_cast<Item *>(route->data2);
}

int into_variable(wsgi_request *request, uwsgi_route *route) {
  const Item &item = item_of(route);
  RouteText key(request, route, view_of(item.key));
  uint64_t len = 0;
  char *value = key ? uwsgi_cache_magic_get(key.c_str(), key.len(), &len, nullptr, item.name) : nullptr;
  if (!value) return UWSGI_ROUTE_NEXT;
  std::string text(value, len);
  free(value);
  if (item.as_number) {
    int64_t number = 0;
    if (len == sizeof number) memcpy(&number, text.data(), sizeof number);
    text = std::to_string(number);
  }
  const std::string_view variable = view_of(item.variable);
  return text.size() <= UINT16_MAX &&
                 uwsgi_req_append(request, variable.data(), static_cast<uint16_t>(variable.size()),
                                  text.data(), static_cast<uint16_t>(text.size()))
             ? UWSGI_ROUTE_NEXT
             : UWSGI_ROUTE_BREAK;
}

int set(wsgi_request *request, uwsgi_route *route) {
  const Item &item = item_of(route);
  RouteText key(request, route, view_of(item.key)), value(request, route, view_of(item.value));
  if (key && value)
    uwsgi_cache_magic_set(key.c_str(), key.len(), value.c_str(), value.view().size(), item.seconds, 0,
                          item.name);
  return UWSGI_ROUTE_NEXT;
}

int calculate(wsgi_request *request, uwsgi_route *route) {
  const Item &item = item_of(route);
  RouteText key(request, route, view_of(item.key)),
      value(request, route, item.value ? view_of(item.value) : item.usual);
  if (!key || !value) return UWSGI_ROUTE_BREAK;
  const int64_t number = strtoll(value.c_str(), nullptr, 10);
  uwsgi_cache_magic_set(key.c_str(), key.len(), reinterpret_cast<const char *>(&number), sizeof number,
                        item.seconds, item.flags, item.name);
  return UWSGI_ROUTE_NEXT;
}

int parse(uwsgi_route *route, char *args) {
  auto *item = static_cast<Item *>(uwsgi_calloc(sizeof(Item)));
  route->data2 = item;
  if (uwsgi_kvlist_parse_strict(args, strlen(args), ',', '=', "key", &item->key, "name", &item->name, "var",
                                &item->variable, "value", &item->value, "expires", &item->expires, "num",
                                &item->as_number, "as_num", &item->as_number, static_cast<char *>(nullptr)))
    return refuse_route(route,
                        "it is written key=…,name=CACHE, and value=…,expires=SECONDS or var=NAME,num=1");
  if (item->expires) item->seconds = strtoull(item->expires, nullptr, 10);
  return item->key ? 0 : refuse_route(route, "it needs key=");
}

int set_up_variable(uwsgi_route *route, char *args) {
  route->func = into_variable;
  if (parse(route, args)) return -1;
  return item_of(route).variable ? 0 : refuse_route(route, "it needs var=");
}

int set_up_set(uwsgi_route *route, char *args) {
  route->func = set;
  if (parse(route, args)) return -1;
  return item_of(route).value ? 0 : refuse_route(route, "it needs value=");
}

template <uint64_t operation, char usual>
int set_up_calculation(uwsgi_route *route, char *args) {
  static const char text[] = {usual, '\0'};
  route->func = calculate;
  if (parse(route, args)) return -1;
  item_of(route).usual = text;
  item_of(route).flags =
      UWSGI_CACHE_FLAG_UPDATE | UWSGI_CACHE_FLAG_MATH | UWSGI_CACHE_FLAG_FIXEXPIRE | operation;
  return 0;
}

}  // namespace

void register_cache_items() {
  uwsgi_register_router("cachevar", set_up_variable);
  uwsgi_register_router("cacheset", set_up_set);
  uwsgi_register_router("cacheinc", set_up_calculation<UWSGI_CACHE_FLAG_INC, '1'>);
  uwsgi_register_router("cachedec", set_up_calculation<UWSGI_CACHE_FLAG_DEC, '1'>);
  uwsgi_register_router("cachemul", set_up_calculation<UWSGI_CACHE_FLAG_MUL, '2'>);
  uwsgi_register_router("cachediv", set_up_calculation<UWSGI_CACHE_FLAG_DIV, '2'>);
}
