// What the files of built-in actions share: a name, how it is set up, what it does.
#pragma once

#include <uwsgi.h>

#include <span>
#include <string_view>

#include "chain.h"
#include "text_template.h"

namespace mortise::routing {

using Act = int (*)(wsgi_request *, uwsgi_route *);
using SetUp = int (*)(uwsgi_route *, char *args);

// Remembers the arguments as the route's data, and what is to be done.
inline int keep_args(uwsgi_route *route, char *args, Act act) {
  route->func = act;
  route->data = args;
  route->data_len = strlen(args);
  return 0;
}

// A set-up that does just that.
template <Act act>
int plain(uwsgi_route *route, char *args) {
  return keep_args(route, args, act);
}

struct Action {
  const char *name;
  SetUp set_up;
};
inline void register_actions(std::span<const Action> actions) {
  for (const Action &action : actions) uwsgi_register_router(action.name, action.set_up);
}

// The route's arguments for this request.
struct Arguments : Expanded {
  Arguments(wsgi_request *request, const uwsgi_route *route)
      : Expanded(request, route, static_cast<const char *>(route->data), route->data_len) {}
};

// Copies a text into the request, where it lives as long as the request; the variable's copy, or nullptr.
inline char *set_variable(wsgi_request *request, std::string_view name, std::string_view value) {
  return uwsgi_req_append(request, name.data(), static_cast<uint16_t>(name.size()), value.data(),
                          static_cast<uint16_t>(value.size()));
}

// A whole small answer. [request]
void answer(wsgi_request *request, std::string_view status, std::string_view content_type,
            std::string_view body);

// Whether it is a goto to a label that is not behind it; a label with references is looked up for each
// request.
bool jumps_nowhere(Chain chain, const uwsgi_route *route);

void register_flow_actions();
void register_request_actions();
void register_response_actions();
void register_server_actions();
void register_redirects();
void register_basicauth();
void register_expires();
void register_hash();
void register_access();
void register_conditions();
void register_variables();

}  // namespace mortise::routing
