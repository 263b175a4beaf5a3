// The actions of routes that add the usual steps: toupper, chunked, template, tofile, offload.
#include "actions.h"

#include <fcntl.h>
#include <unistd.h>

#include <cctype>
#include <cstring>

namespace mortise::transformations {

namespace {

int to_upper(wsgi_request *, uwsgi_transformation *step) {
  for (size_t i = 0; i < step->chunk->pos; ++i)
    step->chunk->buf[i] = static_cast<char>(toupper(static_cast<unsigned char>(step->chunk->buf[i])));
  return 0;
}

// A body that is sent as it comes has no length that is known before: the protocol frames it.
int unchanged(wsgi_request *, uwsgi_transformation *) {
  return 0;
}

template <int (*step)(wsgi_request *, uwsgi_transformation *)>
int add_streaming(wsgi_request *request, uwsgi_route *) {
  uwsgi_add_transformation(request, step, nullptr)->can_stream = 1;
  return UWSGI_ROUTE_NEXT;
}

template <int (*act)(wsgi_request *, uwsgi_route *)>
int plain(uwsgi_route *route, char *args) {
  route->func = act;
  route->data = args;
  route->data_len = strlen(args);
  return 0;
}

// The whole body is a template of the route that asked for it.
int fill_in(wsgi_request *request, uwsgi_transformation *step) {
  auto *route = static_cast<uwsgi_route *>(step->data);
  uwsgi_buffer *made = uwsgi_route_text(request, route, step->chunk->buf, step->chunk->pos);
  if (!made) return -1;
  uwsgi_buffer_map(step->chunk, made->buf, made->pos);
  made->buf = nullptr;
  uwsgi_buffer_destroy(made);
  return 0;
}
int add_template(wsgi_request *request, uwsgi_route *route) {
  uwsgi_add_transformation(request, fill_in, route);
  return UWSGI_ROUTE_NEXT;
}

// Writes beside the file and renames, so that no reader meets half of it.
bool write_file(const char *path, const char *bytes, size_t len) {
  char *beside = uwsgi_concat2(path, ".XXXXXX");
  const int fd = mkostemp(beside, O_CLOEXEC);
  bool written = fd >= 0 && fchmod(fd, 0644) == 0;
  for (size_t done = 0; written && done < len;) {
    const ssize_t count = write(fd, bytes + done, len - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) written = false;
    if (count > 0) done += static_cast<size_t>(count);
  }
  if (fd >= 0) close(fd);
  written = written && rename(beside, path) == 0;
  if (!written) {
    uwsgi_log("tofile: write %s: %s (the response is sent nevertheless)\n", path, strerror(errno));
    if (fd >= 0) unlink(beside);
  }
  free(beside);
  return written;
}

// ub is the file's name, for this request.
int keep_in_file(wsgi_request *request, uwsgi_transformation *step) {
  if (request->status == 200 && !request->write_errors && step->chunk->pos > 0)
    write_file(step->ub->buf, step->chunk->buf, step->chunk->pos);
  return 0;
}
int add_to_file(wsgi_request *request, uwsgi_route *route) {
  uwsgi_buffer *name = uwsgi_route_text(request, route, static_cast<char *>(route->data2), route->data2_len);
  if (name) uwsgi_add_transformation(request, keep_in_file, nullptr)->ub = name;
  return UWSGI_ROUTE_NEXT;
}
int set_up_to_file(uwsgi_route *route, char *args) {
  char *name = nullptr, *mode = nullptr;
  const int failed = uwsgi_kvlist_parse_strict(args, strlen(args), ',', '=', "filename", &name, "name", &name,
                                               "mode", &mode, static_cast<char *>(nullptr));
  free(mode);
  if (failed || !name) {
    uwsgi_log("%s:%s: it is written filename=PATH\n", route->action, args);
    return -1;
  }
  route->data2 = name;
  route->data2_len = strlen(name);
  route->func = add_to_file;
  return 0;
}

}  // namespace

void register_actions() {
  uwsgi_register_router("toupper", plain<add_streaming<to_upper>>);
  uwsgi_register_router("chunked", plain<add_streaming<unchanged>>);
  uwsgi_register_router("template", plain<add_template>);
  uwsgi_register_router("tofile", set_up_to_file);
  uwsgi_register_router("to-file", set_up_to_file);
  register_offload();
}

}  // namespace mortise::transformations
