// The hook table, and the actions static (a file with all that HTTP has for files) and file, sendfile,
// fastfile (a file as the body of an answer that the route describes).
#include <dlfcn.h>
#include <uwsgi.h>
#include <mortise/route_text.hpp>

#include <algorithm>
#include <cstring>

using namespace mortise;

namespace {

struct FileAnswer {
  RouteSetting filename, status, content_type, mime, no_length, no_headers;
  bool may_go_on;  // no such file: the next route
  bool offload;
};

int serve(wsgi_request *request, uwsgi_route *route) {
  RouteText path(request, route, {static_cast<char *>(route->data), route->data_len});
  if (!path) return UWSGI_ROUTE_BREAK;
  char none[] = "";
  if (uwsgi_file_serve(request, path.c_str(), path.len(), none, 0, 1) == 0) return UWSGI_ROUTE_BREAK;
  if (route->custom) return UWSGI_ROUTE_NEXT;
  if (!request->headers_sent) uwsgi_404(request);
  return UWSGI_ROUTE_BREAK;
}

int set_up_static(uwsgi_route *route, char *args) {
  route->func = serve;
  route->data = args;
  route->data_len = strlen(args);
  route->custom = strcmp(route->action, "static-next") == 0;
  return 0;
}

int begin(wsgi_request *request, uwsgi_route *route, const FileAnswer &answer, std::string_view path,
          uint64_t size) {
  if (answer.no_headers) return 0;
  RouteText status(request, route, answer.status ? view_of(answer.status) : "200 OK");
  if (!status || uwsgi_response_prepare_headers(request, status.c_str(), status.len())) return -1;
  if (!answer.no_length && uwsgi_response_add_content_length(request, size)) return -1;
  std::string_view type = answer.content_type ? view_of(answer.content_type) : "text/html";
  if (answer.mime) {
    size_t len = 0;
    const char *found =
        uwsgi_get_mime_type(const_cast<char *>(path.data()), static_cast<int>(path.size()), &len);
    if (found) type = {found, len};
  }
  return uwsgi_response_add_content_type(request, type.data(), static_cast<uint16_t>(type.size()));
}

// 0: handed over, and the descriptor with it.
int offload(wsgi_request *request, int fd, size_t len) {
  using Send = int (*)(wsgi_request *, int, size_t, size_t);
  static const auto send = reinterpret_cast<Send>(dlsym(RTLD_DEFAULT, "uwsgi_offload_request_sendfile_do"));
  if (!send || !request->socket->can_offload || send(request, fd, 0, len)) return -1;
  request->response_size += len;
  return 0;
}

int send(wsgi_request *request, uwsgi_route *route) {
  const auto &answer = *static_cast<const FileAnswer *>(route->data2);
  RouteText path(request, route, view_of(answer.filename));
  if (!path) return UWSGI_ROUTE_BREAK;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info) || !S_ISREG(info.st_mode)) {
    if (fd >= 0) close(fd);
    if (answer.may_go_on) return UWSGI_ROUTE_NEXT;
    uwsgi_404(request);
    return UWSGI_ROUTE_BREAK;
  }
  request->do_not_account_avg_rt = 1;
  const auto size = static_cast<size_t>(info.st_size);
  if (begin(request, route, answer, path.view(), size)) return close(fd), UWSGI_ROUTE_BREAK;
  if (answer.offload && size > 0 && offload(request, fd, size) == 0) return UWSGI_ROUTE_BREAK;
  if (size > 0)
    uwsgi_response_sendfile_do(request, fd, 0, size);
  else
    close(fd);
  return UWSGI_ROUTE_BREAK;
}

int set_up_file(uwsgi_route *route, char *args) {
  auto *answer = static_cast<FileAnswer *>(uwsgi_calloc(sizeof(FileAnswer)));
  route->func = send;
  route->data2 = answer;
  answer->may_go_on = uwsgi_endswith(route->action, "-next");
  answer->offload = uwsgi_startswith(route->action, "fastfile", 8) == 0;
  if (uwsgi_kvlist_parse_strict(args, strlen(args), ',', '=', "filename", &answer->filename, "status",
                                &answer->status, "content_type", &answer->content_type, "mime", &answer->mime,
                                "nocl", &answer->no_length, "no_cl", &answer->no_length, "no_content_length",
                                &answer->no_length, "no_headers", &answer->no_headers,
                                static_cast<char *>(nullptr)))
    return refuse_route(route,
                        "it is written filename=PATH,status=…,content_type=…,mime=1,no_cl=1,no_headers=1");
  return answer->filename ? 0 : refuse_route(route, "it needs filename=PATH");
}

void on_load() {
  for (const char *name : {"static", "static-next"}) uwsgi_register_router(name, set_up_static);
  for (const char *name : {"file", "file-next", "sendfile", "sendfile-next", "fastfile", "fastfile-next"})
    uwsgi_register_router(name, set_up_file);
}

}  // namespace

uwsgi_plugin router_static_plugin = {.name = "router_static", .on_load = on_load};
