// offload: collects the body, in memory and beyond a limit in a file, and has an offload thread send it, so
// that a slow client holds no core. It must be the last step.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "actions.h"
#include "response_length.h"

namespace mortise::transformations {

namespace {

constexpr uint64_t kUsualLimit = 1024 * 1024;

// The threads are another plugin's, which need not be loaded.
template <typename Function>
Function look_up(const char *symbol) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, symbol));
}

int append_to_file(int fd, const char *bytes, size_t len) {
  while (len > 0) {
    const ssize_t count = write(fd, bytes, len);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      uwsgi_log("offload: buffer a response: %s (it ends here)\n", strerror(errno));
      return -1;
    }
    bytes += count;
    len -= static_cast<size_t>(count);
  }
  return 0;
}

// custom64: most bytes in memory; fd: the file; ub: the memory; len: bytes so far.
int collect(wsgi_request *, uwsgi_transformation *step) {
  uwsgi_buffer *chunk = step->chunk;
  step->len += chunk->pos;
  if (step->fd < 0 && step->len > step->custom64) {
    step->fd = uwsgi_tmpfd();
    if (step->fd < 0) return -1;
    if (step->ub && append_to_file(step->fd, step->ub->buf, step->ub->pos)) return -1;
  }
  int result = 0;
  if (step->fd >= 0) {
    result = append_to_file(step->fd, chunk->buf, chunk->pos);
  } else {
    if (!step->ub) step->ub = uwsgi_buffer_new(chunk->pos);
    result = uwsgi_buffer_append(step->ub, chunk->buf, chunk->pos);
  }
  chunk->pos = 0;
  return result;
}

int send_collected(wsgi_request *request, uwsgi_transformation *last) {
  auto *body = static_cast<uwsgi_transformation *>(last->data);
  if (body->len == 0) return 0;
  settle_length(request, body->len);
  if (body->fd >= 0) {
    auto offload = look_up<int (*)(wsgi_request *, int, size_t, size_t)>("uwsgi_offload_request_sendfile_do");
    if (offload && offload(request, body->fd, 0, body->len) == 0) {
      body->fd = -1;  // the thread closes it
      return 0;
    }
    return uwsgi_response_sendfile_do_can_close(request, body->fd, 0, body->len, 0);
  }
  auto offload = look_up<int (*)(wsgi_request *, char *, size_t)>("uwsgi_offload_request_memory_do");
  if (offload && offload(request, body->ub->buf, body->ub->pos) == 0) {
    body->ub->buf = nullptr;  // the thread frees it
    return 0;
  }
  return uwsgi_response_write_body_do(request, body->ub->buf, body->ub->pos);
}

int add_offload(wsgi_request *request, uwsgi_route *route) {
  if (!request->socket->can_offload) return UWSGI_ROUTE_NEXT;
  uwsgi_transformation *body = uwsgi_add_transformation(request, collect, nullptr);
  body->can_stream = 1;
  body->custom64 = route->custom;
  uwsgi_add_transformation(request, send_collected, body)->is_final = 1;
  return UWSGI_ROUTE_NEXT;
}

int set_up(uwsgi_route *route, char *args) {
  route->custom = *args ? strtoull(args, nullptr, 10) : kUsualLimit;
  route->func = add_offload;
  return 0;
}

}  // namespace

void register_offload() {
  uwsgi_register_router("offload", set_up);
}

}  // namespace mortise::transformations
