#include "application_choice.h"

#include <strings.h>

#include <cstring>
#include <string>
#include <string_view>

#include "options.h"

namespace mortise::python {

namespace {

bool is_below(const wsgi_request *request, std::string_view mountpoint) {
  const std::string_view path(request->path_info, request->path_info_len);
  return path.starts_with(mountpoint) && (path.size() == mountpoint.size() || path[mountpoint.size()] == '/');
}

// The application with the longest mountpoint that the path is at or below; -1: none.
int find_by_path(const wsgi_request *request) {
  int best = -1;
  for (int id = 0; id < uwsgi_apps_cnt; ++id) {
    const uwsgi_app &app = uwsgi_apps[id];
    const size_t len = app.mountpoint_len;
    if (!app.callable || len == 0 || app.modifier1 != request->uh->modifier1) continue;
    if (!is_below(request, {app.mountpoint, len})) continue;
    if (best < 0 || len > uwsgi_apps[best].mountpoint_len) best = id;
  }
  return best;
}

bool move_mountpoint(wsgi_request *request, std::string_view mountpoint) {
  const std::string rest(request->path_info + mountpoint.size(), request->path_info_len - mountpoint.size());
  return uwsgi_req_append(request, "SCRIPT_NAME", 11, mountpoint.data(),
                          static_cast<uint16_t>(mountpoint.size())) &&
         uwsgi_req_append(request, "PATH_INFO", 9, rest.data(), static_cast<uint16_t>(rest.size()));
}

// The part of a mountpoint behind "host|", where the host is this one; not a path where it is not.
std::string_view path_on_host(const uwsgi_app &app, std::string_view host) {
  const std::string_view mountpoint(app.mountpoint, app.mountpoint_len);
  const bool is_host = mountpoint.size() > host.size() && mountpoint[host.size()] == '|' &&
                       strncasecmp(app.mountpoint, host.data(), host.size()) == 0;
  return is_host ? mountpoint.substr(host.size() + 1) : "|";
}

// The application of this host that SCRIPT_NAME names, or that has the longest mountpoint for the path; -1:
// none.
int find_on_host(wsgi_request *request, std::string_view host) {
  const std::string_view script_name(request->script_name, request->script_name_len);
  const bool by_path = uwsgi.manage_script_name && script_name.empty();
  int best = -1;
  std::string_view best_path;
  for (int id = 0; id < uwsgi_apps_cnt; ++id) {
    const uwsgi_app &app = uwsgi_apps[id];
    if (!app.callable || app.modifier1 != request->uh->modifier1) continue;
    const std::string_view path = path_on_host(app, host);
    if (by_path ? path != "" && !is_below(request, path) : path != script_name) continue;
    if (best >= 0 && path.size() <= best_path.size()) continue;
    best = id;
    best_path = path;
  }
  if (best >= 0 && by_path && !best_path.empty() && !move_mountpoint(request, best_path)) return -1;
  return best;
}

// By "host:port", then by "host"; then the one that was mounted for no host.
int choose_by_host(wsgi_request *request) {
  uint16_t name_len = 0;
  const char *name = uwsgi_get_var(request, "SERVER_NAME", 11, &name_len);
  std::string_view host(request->host, request->host_len);
  if (host.empty()) host = {name, name_len};
  int id = find_on_host(request, host);
  const size_t colon = host.rfind(':');
  if (id < 0 && colon != host.npos && host.find(']', colon) == host.npos)
    id = find_on_host(request, host.substr(0, colon));
  if (id >= 0 || uwsgi.no_default_app) return id;
  return uwsgi_get_app_id(request, "", 0, request->uh->modifier1);
}

}  // namespace

int choose_application(wsgi_request *request) {
  if (common_options().vhost) return choose_by_host(request);
  int fallback = uwsgi.no_default_app ? -1 : uwsgi.default_app > 0 ? uwsgi.default_app : 0;
  if (request->script_name_len > 0) {
    if (uwsgi_apps_cnt <= 1 && !uwsgi.no_default_app) return fallback;
    int id =
        uwsgi_get_app_id(request, request->script_name, request->script_name_len, request->uh->modifier1);
    return id >= 0 ? id : fallback;
  }
  if (uwsgi.manage_script_name) {
    int id = find_by_path(request);
    if (id >= 0 && move_mountpoint(request, {uwsgi_apps[id].mountpoint, uwsgi_apps[id].mountpoint_len}))
      return id;
  }
  if (uwsgi.no_default_app) return uwsgi_get_app_id(request, "", 0, request->uh->modifier1);
  return fallback;
}

}  // namespace mortise::python
