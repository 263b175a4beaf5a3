// The arguments of actions that are written key=value,key=value: parsed once, templates until a request
// comes.
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise::routing {

// NULL (empty) where it was not given; the memory belongs to the route, which lives for ever.
struct Value {
  char *text = nullptr;
  std::string_view view() const { return text ? std::string_view(text) : std::string_view{}; }
  explicit operator bool() const { return text; }
};

inline int refuse_arguments(const uwsgi_route *route, const char *why) {
  uwsgi_log("%s:%s: %s\n", route->action, route->args, why);
  return -1;
}

// Takes pairs of key and address of a Value's text; 0, or -1 with a message.
template <typename... Pairs>
int parse_key_values(uwsgi_route *route, const char *args, Pairs... pairs) {
  if (uwsgi_kvlist_parse_strict(args, strlen(args), ',', '=', pairs..., static_cast<char *>(nullptr)) == 0)
    return 0;
  return refuse_arguments(route, "it is written key=value,key=value, and one of the keys is unknown");
}

}  // namespace mortise::routing
