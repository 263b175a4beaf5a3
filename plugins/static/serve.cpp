#include "serve.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <exception>
#include <string_view>

#include "answer.h"
#include "options.h"

namespace mortise::files {

namespace {

int (*next_route)(wsgi_request *);
int (*offload_file)(wsgi_request *, int fd, size_t pos, size_t len);

uwsgi_static_text variable(wsgi_request *request, std::string_view name) {
  uint16_t len = 0;
  const char *value = uwsgi_get_var(request, name.data(), static_cast<uint16_t>(name.size()), &len);
  return {value, len};
}

int send_head(wsgi_request *request, const uwsgi_static_answer &answer) {
  if (uwsgi_response_prepare_headers_int(request, answer.status)) return -1;
  std::string_view head(answer.head, answer.head_len);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find('\r'));
    const size_t colon = line.find(": ");
    const std::string_view value = line.substr(colon + 2);
    if (uwsgi_response_add_header(request, line.data(), static_cast<uint16_t>(colon), value.data(),
                                  static_cast<uint16_t>(value.size())))
      return -1;
    head.remove_prefix(line.size() + 2);
  }
  return 0;
}

// A small file is in the socket's buffer at once: a thread would cost more.
bool is_worth_a_thread(const uwsgi_static_answer &answer) {
  constexpr uint64_t kSmallBytes = 128 * 1024;
  return offload_file && uwsgi.offload_threads > 0 && answer.len > kSmallBytes;
}

int send(wsgi_request *request, uwsgi_static_answer &answer) {
  if (send_head(request, answer)) {
    if (answer.fd >= 0) close(answer.fd);
    return -1;
  }
  if (answer.fd < 0) return uwsgi_response_write_headers_do(request);
  if (is_worth_a_thread(answer) && uwsgi_response_write_headers_do(request) == 0 &&
      offload_file(request, answer.fd, answer.pos, answer.len) == 0)
    return 0;
  return uwsgi_response_sendfile_do(request, answer.fd, answer.pos, answer.len);
}

uwsgi_static_request wanted_by(wsgi_request *request) {
  uwsgi_static_request wanted{};
  wanted.method = {request->method, request->method_len};
  wanted.path = {request->path_info, request->path_info_len};
  wanted.uri = {request->uri, request->uri_len};
  wanted.query = {request->query_string, request->query_string_len};
  wanted.document_root = {request->document_root, request->document_root_len};
  wanted.accept_encoding = {request->encoding, request->encoding_len};
  wanted.range = variable(request, "HTTP_RANGE");
  wanted.if_range = variable(request, "HTTP_IF_RANGE");
  wanted.if_match = variable(request, "HTTP_IF_MATCH");
  wanted.if_none_match = variable(request, "HTTP_IF_NONE_MATCH");
  wanted.if_modified_since = {request->if_modified_since, request->if_modified_since_len};
  wanted.if_unmodified_since = variable(request, "HTTP_IF_UNMODIFIED_SINCE");
  return wanted;
}

int serve_or_go_on(wsgi_request *request) {
  const bool may_be = request->method_len == 3 || request->method_len == 4;  // GET, HEAD
  if (may_be) {
    const uwsgi_static_request wanted = wanted_by(request);
    uwsgi_static_answer answer;
    if (uwsgi_static_find(&wanted, &answer)) {
      send(request, answer);
      return UWSGI_ROUTE_BREAK;
    }
  }
  return next_route ? next_route(request) : UWSGI_ROUTE_NEXT;
}

}  // namespace

namespace {

// They are looked at for each request, so one may come later; more often its path has a mistake.
void warn_of_missing_folders() {
  for (const Mount &mount : options.mounts)
    if (access(mount.root.c_str(), F_OK) != 0)
      uwsgi_log(
          "warning: static: %s = %s=%s: %s: nothing is served from there (correct the path, or create it)\n",
          mount.whole_path ? "static-map2" : "static-map", mount.path.c_str(), mount.root.c_str(),
          strerror(errno));
}

}  // namespace

void serve_before_routes() {
  if (!is_configured()) return;
  if (uwsgi_generation() >= 0) warn_of_missing_folders();
  offload_file =
      reinterpret_cast<decltype(offload_file)>(dlsym(RTLD_DEFAULT, "uwsgi_offload_request_sendfile_do"));
  next_route = uwsgi.route;
  uwsgi.route = serve_or_go_on;
}

}  // namespace mortise::files

// A file that a route or a plugin names. is_a_file: document_root is its path, else the path is below it.
extern "C" UWSGI_API int uwsgi_file_serve(wsgi_request *request, char *document_root,
                                          uint16_t document_root_len, char *path_info, uint16_t path_info_len,
                                          int is_a_file) {
  using namespace mortise::files;
  const std::string_view path(is_a_file ? "" : path_info, is_a_file ? 0 : path_info_len);
  const uwsgi_static_request wanted = wanted_by(request);
  uwsgi_static_answer answer;
  try {
    if (find_file(wanted, {document_root, document_root_len}, path, answer)) return send(request, answer);
  } catch (const std::exception &failure) {
    uwsgi_log("serve %.*s: %s\n", document_root_len, document_root, failure.what());
  }
  return -1;
}
