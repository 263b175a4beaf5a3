// Actions that change the request as later routes and the application see it.
#include <cstring>

#include "action.h"

namespace mortise::routing {

namespace {

int out_of_space(const char *what) {
  uwsgi_log("route %s: the request has no space left for variables (it ends here)\n", what);
  return UWSGI_ROUTE_BREAK;
}

// A member of struct wsgi_request that mirrors no variable by itself.
using Text = char *wsgi_request::*;
using Length = uint16_t wsgi_request::*;

// setX:value. The kernel mirrors the usual variables; the others have members that are set here.
struct Setter {
  const char *action;
  std::string_view variable;
  Text text;
  Length len;
};
constexpr Setter kSetters[] = {
    {"setapp", "UWSGI_APPID", &wsgi_request::appid, &wsgi_request::appid_len},
    {"setuser", "REMOTE_USER", &wsgi_request::remote_user, &wsgi_request::remote_user_len},
    {"setremoteuser", "REMOTE_USER", &wsgi_request::remote_user, &wsgi_request::remote_user_len},
    {"sethome", "UWSGI_HOME", &wsgi_request::home, &wsgi_request::home_len},
    {"setfile", "UWSGI_FILE", &wsgi_request::file, &wsgi_request::file_len},
    {"setscriptname", "SCRIPT_NAME", &wsgi_request::script_name, &wsgi_request::script_name_len},
    {"setmethod", "REQUEST_METHOD", &wsgi_request::method, &wsgi_request::method_len},
    {"seturi", "REQUEST_URI", &wsgi_request::uri, &wsgi_request::uri_len},
    {"setremoteaddr", "REMOTE_ADDR", &wsgi_request::remote_addr, &wsgi_request::remote_addr_len},
    {"setdocroot", "DOCUMENT_ROOT", &wsgi_request::document_root, &wsgi_request::document_root_len},
    {"setpathinfo", "PATH_INFO", &wsgi_request::path_info, &wsgi_request::path_info_len},
    {"setscheme", "UWSGI_SCHEME", &wsgi_request::scheme, &wsgi_request::scheme_len},
};

int set(wsgi_request *request, uwsgi_route *route) {
  const auto &setter = *static_cast<const Setter *>(route->data2);
  Arguments value(request, route);
  char *stored = set_variable(request, setter.variable, value.view());
  if (!stored) return out_of_space(setter.action);
  request->*setter.text = stored;
  request->*setter.len = value.size16();
  return UWSGI_ROUTE_NEXT;
}

int set_up_setter(uwsgi_route *route, char *args) {
  for (const Setter &setter : kSetters)
    if (strcmp(setter.action, route->action) == 0) route->data2 = const_cast<Setter *>(&setter);
  return keep_args(route, args, set);
}

int add_variable(wsgi_request *request, uwsgi_route *route) {
  Arguments pair(request, route);
  const size_t equal = pair.view().find('=');
  if (equal == pair.view().npos) return UWSGI_ROUTE_NEXT;
  if (!set_variable(request, pair.view().substr(0, equal), pair.view().substr(equal + 1)))
    return out_of_space("addvar");
  return UWSGI_ROUTE_NEXT;
}

int set_up_pair(uwsgi_route *route, char *args) {
  if (!strchr(args, '=')) {
    uwsgi_log("%s:%s: it is written name=value\n", route->action, args);
    return -1;
  }
  return keep_args(route, args, add_variable);
}

// Takes SCRIPT_NAME off the front of PATH_INFO.
int fix_path_info(wsgi_request *request, uwsgi_route *) {
  const std::string_view path(request->path_info, request->path_info_len);
  const std::string_view script(request->script_name, request->script_name_len);
  if (script.empty() || !path.starts_with(script)) return UWSGI_ROUTE_NEXT;
  char *stored = set_variable(request, "PATH_INFO", path.substr(script.size()));
  if (!stored) return out_of_space("fixpathinfo");
  request->path_info = stored;
  request->path_info_len = static_cast<uint16_t>(path.size() - script.size());
  return UWSGI_ROUTE_NEXT;
}

}  // namespace

void register_request_actions() {
  for (const Setter &setter : kSetters) uwsgi_register_router(setter.action, set_up_setter);
  uwsgi_register_router("addvar", set_up_pair);
  uwsgi_register_router("fixpathinfo", plain<fix_path_info>);
}

}  // namespace mortise::routing
