#include "engines.h"

#include <sys/sendfile.h>

#include <algorithm>

#include "chunked.h"

namespace mortise::offload {

namespace {

// 0: wait for the next event; -1: the end, for good or ill.
int after_write(ssize_t sent, uwsgi_offload_request *transfer) {
  if (sent < 0) return uwsgi_is_again() || errno == EINTR ? 0 : -1;
  if (sent == 0) return -1;  // a file that became shorter
  transfer->written += static_cast<size_t>(sent);
  return transfer->written >= transfer->to_write ? -1 : 0;
}

int wait_for_client(uwsgi_thread *thread, const uwsgi_offload_request *transfer) {
  return event_queue_add_fd_write(thread->queue, transfer->s);
}

}  // namespace

int send_file(uwsgi_thread *thread, uwsgi_offload_request *transfer, int fd) {
  if (fd < 0) return wait_for_client(thread, transfer);
  constexpr size_t kOneTurn = size_t{1} << 20;  // others wait for their turn
  auto offset = static_cast<off_t>(transfer->pos + transfer->written);
  const size_t len = std::min(transfer->to_write - transfer->written, kOneTurn);
  return after_write(sendfile(transfer->s, transfer->fd, &offset, len), transfer);
}

int send_memory(uwsgi_thread *thread, uwsgi_offload_request *transfer, int fd) {
  if (fd < 0) return wait_for_client(thread, transfer);
  const size_t left = transfer->to_write - transfer->written;
  return after_write(write(transfer->s, transfer->buf + transfer->written, left), transfer);
}

// One piece in buf at a time: status 0 it is read, status 1 it is written.
int send_pipe(uwsgi_thread *thread, uwsgi_offload_request *transfer, int fd) {
  constexpr size_t kPiece = size_t{32} * 1024;
  const int queue = thread->queue;
  if (fd < 0) {
    transfer->buf = static_cast<char *>(uwsgi_malloc(kPiece));
    return event_queue_add_fd_read(queue, transfer->fd);
  }
  if (transfer->status == 0) {
    const ssize_t got =
        read(transfer->fd, transfer->buf, std::min(kPiece, transfer->to_write - transfer->written));
    if (got < 0) return uwsgi_is_again() ? 0 : -1;
    if (got == 0) return -1;
    transfer->len = static_cast<size_t>(got);
    transfer->buf_pos = 0;
    transfer->status = 1;
    event_queue_del_fd(queue, transfer->fd, event_queue_read());
    return event_queue_add_fd_write(queue, transfer->s);
  }
  const ssize_t sent = write(transfer->s, transfer->buf + transfer->buf_pos,
                             transfer->len - static_cast<size_t>(transfer->buf_pos));
  if (int result = after_write(sent, transfer)) return result;
  if (sent > 0) transfer->buf_pos += sent;
  if (static_cast<size_t>(transfer->buf_pos) < transfer->len) return 0;
  transfer->status = 0;
  event_queue_del_fd(queue, transfer->s, event_queue_write());
  return event_queue_add_fd_read(queue, transfer->fd);
}

void register_engines() {
  uwsgi_offload_register_engine("sendfile", nullptr, send_file);
  uwsgi_offload_register_engine("memory", nullptr, send_memory);
  uwsgi_offload_register_engine("pipe", nullptr, send_pipe);
  uwsgi_offload_register_engine("transfer", nullptr, relay);
  uwsgi_offload_register_engine("chunks", nullptr, send_chunks);
}

}  // namespace mortise::offload
