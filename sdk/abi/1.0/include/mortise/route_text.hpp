// For C++ plugins that bring actions for routes: a text of a route made whole for a request, and what their
// set-up functions share. Needs <uwsgi.h> and the plugin routing, which has uwsgi_route_text().
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise {

// `source` with $1 and ${VARIABLE} replaced; NUL-terminated; the memory ends with this object. [request]
class RouteText {
 public:
  RouteText(wsgi_request *request, uwsgi_route *route, std::string_view source)
      : buffer_(uwsgi_route_text(request, route, source.data(), source.size())) {}
  ~RouteText() { uwsgi_buffer_destroy(buffer_); }
  RouteText(const RouteText &) = delete;
  RouteText &operator=(const RouteText &) = delete;

  char *c_str() const { return buffer_->buf; }
  std::string_view view() const { return {buffer_->buf, buffer_->pos}; }
  uint16_t len() const { return static_cast<uint16_t>(buffer_->pos); }
  explicit operator bool() const { return buffer_; }  // false: out of memory

 private:
  uwsgi_buffer *buffer_;
};

// What an action was given as key=value by uwsgi_kvlist_parse(); NULL where it was not.
using RouteSetting = char *;

inline std::string_view view_of(const char *setting) {
  return setting ? setting : "";
}

// What a set-up function returns for arguments that it does not understand. [load]
inline int refuse_route(const uwsgi_route *route, const char *why) {
  uwsgi_log("%s:%s: %s\n", route->action, route->args, why);
  return -1;
}

}  // namespace mortise
