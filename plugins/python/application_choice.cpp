#include "application_choice.h"

#include <cstring>
#include <string>

namespace mortise::python {

namespace {

// The application with the longest mountpoint that the path is at or below; -1: none.
int find_by_path(const wsgi_request *request) {
  int best = -1;
  for (int id = 0; id < uwsgi_apps_cnt; ++id) {
    const uwsgi_app &app = uwsgi_apps[id];
    const size_t len = app.mountpoint_len;
    if (!app.callable || len == 0 || app.modifier1 != request->uh->modifier1) continue;
    if (request->path_info_len < len || memcmp(request->path_info, app.mountpoint, len)) continue;
    if (request->path_info_len > len && request->path_info[len] != '/') continue;
    if (best < 0 || len > uwsgi_apps[best].mountpoint_len) best = id;
  }
  return best;
}

bool move_mountpoint(wsgi_request *request, const uwsgi_app &app) {
  const std::string rest(request->path_info + app.mountpoint_len,
                         request->path_info_len - app.mountpoint_len);
  return uwsgi_req_append(request, "SCRIPT_NAME", 11, app.mountpoint, app.mountpoint_len) &&
         uwsgi_req_append(request, "PATH_INFO", 9, rest.data(), static_cast<uint16_t>(rest.size()));
}

}  // namespace

int choose_application(wsgi_request *request) {
  int fallback = uwsgi.no_default_app ? -1 : uwsgi.default_app > 0 ? uwsgi.default_app : 0;
  if (request->script_name_len > 0) {
    if (uwsgi_apps_cnt <= 1 && !uwsgi.no_default_app) return fallback;
    int id =
        uwsgi_get_app_id(request, request->script_name, request->script_name_len, request->uh->modifier1);
    return id >= 0 ? id : fallback;
  }
  if (uwsgi.manage_script_name) {
    int id = find_by_path(request);
    if (id >= 0 && move_mountpoint(request, uwsgi_apps[id])) return id;
  }
  if (uwsgi.no_default_app) return uwsgi_get_app_id(request, "", 0, request->uh->modifier1);
  return fallback;
}

}  // namespace mortise::python
