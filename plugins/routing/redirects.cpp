// redirect: sends the client elsewhere. rewrite: another path for the application.
#include <string>

#include "action.h"

namespace mortise::routing {

namespace {

int redirect(wsgi_request *request, uwsgi_route *route, const char *status, uint16_t len) {
  Arguments target(request, route);
  if (uwsgi_response_prepare_headers(request, status, len)) return UWSGI_ROUTE_BREAK;
  if (uwsgi_response_add_header(request, "Location", 8, target.c_str(), target.size16())) {
    // A line end that came with the request must not end our header.
    answer(request, "400 Bad Request", "text/plain", "the address to redirect to is not one line\n");
    return UWSGI_ROUTE_BREAK;
  }
  if (uwsgi_response_add_content_length(request, 0)) return UWSGI_ROUTE_BREAK;
  uwsgi_response_write_headers_do(request);
  return UWSGI_ROUTE_BREAK;
}

int found(wsgi_request *request, uwsgi_route *route) {
  return redirect(request, route, "302 Found", 9);
}
int moved(wsgi_request *request, uwsgi_route *route) {
  return redirect(request, route, "301 Moved Permanently", 21);
}

// path?query: the path is decoded, the request's own query follows the one that is given here.
int rewrite(wsgi_request *request, uwsgi_route *route) {
  Arguments target(request, route);
  const size_t mark = target.view().find('?');
  std::string path(target.view().substr(0, mark)), query(request->query_string, request->query_string_len);
  if (mark != target.view().npos) {
    if (!query.empty()) query.insert(0, "&");
    query.insert(0, target.view().substr(mark + 1));
  }
  auto len = static_cast<uint16_t>(path.size());
  http_url_decode(path.data(), &len, path.data());
  char *stored_path = set_variable(request, "PATH_INFO", {path.data(), len});
  char *stored_query = set_variable(request, "QUERY_STRING", query);
  if (!stored_path || !stored_query) {
    uwsgi_log("rewrite:%s: the request has no space left (it ends here)\n", route->args);
    return UWSGI_ROUTE_BREAK;
  }
  request->path_info = stored_path;
  request->path_info_len = len;
  request->query_string = stored_query;
  request->query_string_len = static_cast<uint16_t>(query.size());
  return route->custom ? UWSGI_ROUTE_CONTINUE : UWSGI_ROUTE_NEXT;
}

int set_up_last_rewrite(uwsgi_route *route, char *args) {
  route->custom = 1;
  return keep_args(route, args, rewrite);
}

constexpr Action kActions[] = {
    {"redirect", plain<found>},     {"redirect-302", plain<found>}, {"redirect-permanent", plain<moved>},
    {"redirect-301", plain<moved>}, {"rewrite", plain<rewrite>},    {"rewrite-last", set_up_last_rewrite},
};

}  // namespace

void register_redirects() {
  register_actions(kActions);
}

}  // namespace mortise::routing
