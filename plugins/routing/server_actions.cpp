// Actions on the server rather than on the request's content: its log, signals, alarms, deadlines, process.
#include <dlfcn.h>

#include <cstring>
#include <map>
#include <mutex>

#include "action.h"

namespace mortise::routing {

namespace {

int write_log(wsgi_request *request, uwsgi_route *route) {
  Arguments text(request, route);
  uwsgi_log("%.*s\n", text.size16(), text.c_str());
  return UWSGI_ROUTE_NEXT;
}

int add_log_variable(wsgi_request *request, uwsgi_route *route) {
  Arguments pair(request, route);
  const size_t equal = pair.view().find('=');
  if (equal == pair.view().npos || equal > UINT8_MAX) return UWSGI_ROUTE_NEXT;
  std::string_view value = pair.view().substr(equal + 1, UINT8_MAX);
  uwsgi_logvar_add(request, pair.c_str(), static_cast<uint8_t>(equal), value.data(),
                   static_cast<uint8_t>(value.size()));
  return UWSGI_ROUTE_NEXT;
}

int do_not_log(wsgi_request *request, uwsgi_route *) {
  request->do_not_log = 1;
  return UWSGI_ROUTE_NEXT;
}

// Plugins ask the request's socket whether they may offload, so this request gets one that says no.
int do_not_offload(wsgi_request *request, uwsgi_route *) {
  static std::mutex mutex;
  static std::map<const uwsgi_socket *, uwsgi_socket> twins;
  if (!request->socket->can_offload) return UWSGI_ROUTE_NEXT;
  std::lock_guard lock(mutex);
  uwsgi_socket &twin = twins[request->socket];
  if (!twin.proto) twin = *request->socket;
  twin.can_offload = 0;
  request->socket = &twin;
  return UWSGI_ROUTE_NEXT;
}

int raise_signal(wsgi_request *, uwsgi_route *route) {
  uwsgi_signal_send(uwsgi.signal_socket, static_cast<uint8_t>(route->custom));
  return UWSGI_ROUTE_NEXT;
}

int set_up_signal(uwsgi_route *route, char *args) {
  char *end;
  route->custom = strtoul(args, &end, 10);
  if (*args && !*end && route->custom <= UINT8_MAX) return keep_args(route, args, raise_signal);
  uwsgi_log("signal:%s: it is a number from 0 to 255\n", args);
  return -1;
}

int change_folder(wsgi_request *request, uwsgi_route *route) {
  Arguments folder(request, route);
  if (chdir(folder.c_str()) == 0) return UWSGI_ROUTE_NEXT;
  uwsgi_log("chdir:%s: %s (the request ends here)\n", folder.c_str(), strerror(errno));
  return UWSGI_ROUTE_BREAK;
}

int set_process_name(wsgi_request *request, uwsgi_route *route) {
  Arguments name(request, route);
  uwsgi_set_processname(name.c_str());
  return UWSGI_ROUTE_NEXT;
}

// Functions of plugins that need not be there: looked up when a route asks for them.

int keep_with(uwsgi_route *route, char *args, const char *provider, const char *symbol, Act act) {
  void *found = dlsym(RTLD_DEFAULT, symbol);
  if (!found && provider && uwsgi_load_plugin(provider) == 0) found = dlsym(RTLD_DEFAULT, symbol);
  if (!found) {
    uwsgi_log("%s:%s: this server has no %s()\n", route->action, args, symbol);
    return -1;
  }
  route->data2 = found;
  return keep_args(route, args, act);
}

using SetHarakiri = void (*)(int);
int set_deadline(wsgi_request *request, uwsgi_route *route) {
  Arguments seconds(request, route);
  reinterpret_cast<SetHarakiri>(route->data2)(atoi(seconds.c_str()));
  return UWSGI_ROUTE_NEXT;
}
int set_up_deadline(uwsgi_route *route, char *args) {
  return keep_with(route, args, nullptr, "set_harakiri", set_deadline);
}

// "name text"
using TriggerAlarm = void (*)(const char *, char *, size_t);
int raise_alarm(wsgi_request *request, uwsgi_route *route) {
  Arguments text(request, route);
  const size_t blank = text.view().find(' ');
  if (blank == text.view().npos) return UWSGI_ROUTE_NEXT;
  char name[128];
  if (blank >= sizeof name) return UWSGI_ROUTE_NEXT;
  name[text.view().copy(name, blank)] = '\0';
  std::string_view message = text.view().substr(blank + 1);
  reinterpret_cast<TriggerAlarm>(route->data2)(name, const_cast<char *>(message.data()), message.size());
  return UWSGI_ROUTE_NEXT;
}
int set_up_alarm(uwsgi_route *route, char *args) {
  if (strchr(args, ' ')) return keep_with(route, args, "alarms", "uwsgi_alarm_trigger", raise_alarm);
  uwsgi_log("alarm:%s: it is written: alarm name, blank, text\n", args);
  return -1;
}

constexpr Action kActions[] = {
    {"log", plain<write_log>},
    {"logvar", plain<add_log_variable>},
    {"donotlog", plain<do_not_log>},
    {"donotoffload", plain<do_not_offload>},
    {"signal", set_up_signal},
    {"chdir", plain<change_folder>},
    {"setprocname", plain<set_process_name>},
    {"harakiri", set_up_deadline},
    {"alarm", set_up_alarm},
};

}  // namespace

void register_server_actions() {
  register_actions(kActions);
}

}  // namespace mortise::routing
