// The functions that other plugins call, section "offload" of <mortise/offload.h>.
#include "takeover.h"

#include <fcntl.h>

#include <atomic>
#include <cstring>
#include <utility>

#include "engines.h"
#include "threads.h"

namespace mortise::offload {

namespace {

uwsgi_offload_engine *engines;

// After a hand-over the core is done with the client.
void let_go(wsgi_request *request) {
  request->fd_closed = 1;
  request->keep_alive = 0;
  request->via = UWSGI_VIA_OFFLOAD;
  uint64_t &count = uwsgi.workers[uwsgi.mywid].cores[request->async_id].offloaded_requests;
  std::atomic_ref<uint64_t>(count).fetch_add(1, std::memory_order_relaxed);
}

// The engine gets one end of a pair of sockets instead of the client; the other end, or -1.
int stand_between(uwsgi_offload_request &transfer) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) return -1;
  transfer.s = pair[0];
  return pair[1];
}

// What the engine writes from now on reaches the client in chunks.
void send_in_chunks(wsgi_request *request, int engine_side, uint64_t timeout) {
  uwsgi_offload_request chunks;
  uwsgi_offload_setup(uwsgi_offload_engine_by_name("chunks"), &chunks, request, 1);
  chunks.fd = engine_side;
  chunks.timeout = timeout;
  if (hand_over(chunks) == 0) return;
  close(engine_side);
  close(request->fd);
}

int take_over(wsgi_request *request, const char *engine, void (*fill)(uwsgi_offload_request &, const void *),
              const void *what) {
  uwsgi_offload_request transfer;
  uwsgi_offload_setup(uwsgi_offload_engine_by_name(engine), &transfer, request, 1);
  fill(transfer, what);
  return uwsgi_offload_run(request, &transfer, nullptr);
}

template <typename Fill>
int take_over(wsgi_request *request, const char *engine, Fill fill) {
  return take_over(
      request, engine,
      [](uwsgi_offload_request &transfer, const void *what) { (*static_cast<const Fill *>(what))(transfer); },
      &fill);
}

}  // namespace

bool send_head(wsgi_request *request, size_t len) {
  if (!running() || !request->socket->can_offload || request->transformations || request->body_less ||
      request->write_errors || request->upgraded)
    return false;
  if (request->headers_sent || request->headers->pos == 0) {
    if (request->chunked) return false;
    const uint64_t sent = request->response_size;
    if (uwsgi_response_wait_sent(request)) return false;
    return !request->has_content_length || len == 0 || sent + len <= request->content_length;
  }
  if (!request->has_content_length && len > 0 && uwsgi_response_add_content_length(request, len))
    return false;
  if (request->has_content_length && len > request->content_length) return false;
  request->keep_alive = 0;  // the thread closes the connection, and the head says so
  return uwsgi_response_write_headers_do(request) == UWSGI_OK &&
         uwsgi_response_wait_sent(request) == UWSGI_OK && !request->chunked;
}

}  // namespace mortise::offload

using namespace mortise::offload;

extern "C" {

uwsgi_offload_engine *uwsgi_offload_engine_by_name(const char *name) {
  for (uwsgi_offload_engine *engine = engines; engine; engine = engine->next)
    if (strcmp(engine->name, name) == 0) return engine;
  return nullptr;
}

uwsgi_offload_engine *uwsgi_offload_register_engine(const char *name,
                                                    int (*prepare)(wsgi_request *, uwsgi_offload_request *),
                                                    int (*event)(uwsgi_thread *, uwsgi_offload_request *,
                                                                 int)) {
  uwsgi_offload_engine *engine = uwsgi_offload_engine_by_name(name);
  if (!engine) {
    engine = static_cast<uwsgi_offload_engine *>(uwsgi_calloc(sizeof(uwsgi_offload_engine)));
    engine->name = uwsgi_str(name);
    engine->next = std::exchange(engines, engine);
  }
  engine->prepare_func = prepare;
  engine->event_func = event;
  return engine;
}

void uwsgi_offload_setup(uwsgi_offload_engine *engine, uwsgi_offload_request *transfer, wsgi_request *request,
                         uint8_t takeover) {
  *transfer = {};
  transfer->engine = engine;
  transfer->s = request->fd;
  transfer->fd = transfer->fd2 = transfer->pipe[0] = transfer->pipe[1] = -1;
  transfer->takeover = takeover;
  transfer->timeout = static_cast<uint64_t>(uwsgi.socket_timeout);
}

int uwsgi_offload_run(wsgi_request *request, uwsgi_offload_request *transfer, int *wait) {
  if (!running() || !transfer->engine) return -1;
  const bool takes = transfer->takeover, begun = takes && request->headers_sent;
  if (begun && uwsgi_response_wait_sent(request)) return -1;
  int engine_side = -1;
  if (begun && request->chunked && (engine_side = stand_between(*transfer)) < 0) return -1;
  const bool ready =
      (!transfer->engine->prepare_func || transfer->engine->prepare_func(request, transfer) == 0) &&
      (!wait || pipe2(transfer->pipe, O_CLOEXEC | O_NONBLOCK) == 0);
  const int engine_fd = transfer->s;
  if (!ready || hand_over(*transfer)) {
    for (int &fd : transfer->pipe)
      if (fd >= 0) close(std::exchange(fd, -1));
    if (engine_side >= 0) close(engine_side), close(engine_fd), transfer->s = request->fd;
    return -1;
  }
  if (wait) *wait = transfer->pipe[0];
  if (engine_side >= 0) send_in_chunks(request, engine_side, transfer->timeout);
  if (takes) let_go(request);
  return 0;
}

int uwsgi_offload_request_sendfile_do(wsgi_request *request, int fd, size_t pos, size_t len) {
  struct stat info {};
  if (len == 0 && fstat(fd, &info) == 0 && static_cast<size_t>(info.st_size) > pos)
    len = static_cast<size_t>(info.st_size) - pos;
  if (len == 0 || !send_head(request, len)) return -1;
  return take_over(request, "sendfile", [=](uwsgi_offload_request &transfer) {
    transfer.fd = fd;
    transfer.pos = pos;
    transfer.to_write = len;
  });
}

int uwsgi_offload_request_memory_do(wsgi_request *request, char *buf, size_t len) {
  if (len == 0 || !send_head(request, len)) return -1;
  return take_over(request, "memory", [=](uwsgi_offload_request &transfer) {
    transfer.buf = buf;
    transfer.to_write = len;
  });
}

int uwsgi_offload_request_pipe_do(wsgi_request *request, int fd, size_t len) {
  if (len == 0 || !send_head(request, len)) return -1;
  uwsgi_socket_nb(fd);
  return take_over(request, "pipe", [=](uwsgi_offload_request &transfer) {
    transfer.fd = fd;
    transfer.to_write = len;
  });
}

int uwsgi_offload_request_net_do(wsgi_request *request, char *address, uwsgi_buffer *packet) {
  // A chunked body would reach the other server with its frames.
  if (request->body_is_chunked || !send_head(request, 0)) return -1;
  const int fd = uwsgi_connect(address, 0, 1);
  if (fd < 0) return -1;
  if (take_over(request, "transfer", [=](uwsgi_offload_request &transfer) {
        transfer.fd = fd;
        transfer.buf_pos = request->headers_sent;
        transfer.ubuf = packet;
      }) == 0)
    return 0;
  close(fd);
  return -1;
}

}  // extern "C"
