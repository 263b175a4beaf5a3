// Stands between the client and another server, which got the request's bytes: what either says goes to the
// other until the server has no more to say.
#include <sys/epoll.h>

#include <cerrno>
#include <string_view>

#include "engines.h"

namespace mortise::offload {

namespace {

constexpr size_t kPiece = size_t{32} * 1024;

// One direction: at most one piece waits for its reader. The buffers are the transfer's: ubuf to the server
// (first the request), ubuf1 to the client; `done` is how much of one was written.
struct Direction {
  int from, to;
  uwsgi_buffer *waiting;
  size_t *done;
};

bool has_bytes(const Direction &way) {
  return *way.done < way.waiting->pos;
}

// -1: the reader is gone.
int write_out(const Direction &way) {
  while (has_bytes(way)) {
    const ssize_t sent = write(way.to, way.waiting->buf + *way.done, way.waiting->pos - *way.done);
    if (sent < 0) return uwsgi_is_again() ? 0 : -1;
    *way.done += static_cast<size_t>(sent);
  }
  way.waiting->pos = *way.done = 0;
  return 0;
}

// 1: there is no more; -1: broken.
int read_in(const Direction &way) {
  if (has_bytes(way)) return 0;
  if (uwsgi_buffer_fix(way.waiting, kPiece)) return -1;
  const ssize_t got = read(way.from, way.waiting->buf, kPiece);
  if (got < 0) return uwsgi_is_again() ? 0 : -1;
  way.waiting->pos = static_cast<size_t>(got);
  *way.done = 0;
  return got == 0 ? 1 : 0;
}

// Each descriptor is asked for what can be used now: no turn for nothing.
int watch(int queue, int fd, bool read, bool write) {
  epoll_event event{};
  event.events = (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u);
  event.data.fd = fd;
  if (!event.events) {  // a hang-up would be told again and again
    epoll_ctl(queue, EPOLL_CTL_DEL, fd, nullptr);
    return 0;
  }
  if (epoll_ctl(queue, EPOLL_CTL_MOD, fd, &event) == 0) return 0;
  return errno == ENOENT ? epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) : -1;
}

// The other server cannot be reached, or closes without a word.
void answer_502(const uwsgi_offload_request *transfer) {
  constexpr std::string_view kAnswer =
      "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  uwsgi_log("offload: the server that a request was handed to did not answer (502)\n");
  if (write(transfer->s, kAnswer.data(), kAnswer.size()) < 0) return;  // the client is gone as well
}

}  // namespace

// status 1: the client has no more to say. buf_pos 1: a head was sent; len: bytes that the server has said.
int relay(uwsgi_thread *thread, uwsgi_offload_request *transfer, int fd) {
  if (fd < 0) {
    if (!transfer->ubuf) transfer->ubuf = uwsgi_buffer_new(0);
    transfer->ubuf1 = uwsgi_buffer_new(kPiece);
  }
  const Direction to_server{transfer->s, transfer->fd, transfer->ubuf, &transfer->pos};
  const Direction to_client{transfer->fd, transfer->s, transfer->ubuf1, &transfer->written};
  if (fd == transfer->fd) {
    const int end = write_out(to_server) ? -1 : read_in(to_client);
    if (end && transfer->len == 0 && transfer->buf_pos == 0) answer_502(transfer);
    if (end) return -1;
    transfer->len += to_client.waiting->pos;
  }
  if (fd == transfer->s && transfer->status == 0) {
    const int end = read_in(to_server);
    if (end < 0) return -1;
    if (end == 1) transfer->status = 1;  // half closed: it may still read
  }
  if (fd >= 0 && has_bytes(to_client) && write_out(to_client)) return -1;
  if (fd == transfer->s && has_bytes(to_server) && write_out(to_server)) return -1;
  // A tunnel passes a half close on; a server that was asked in HTTP could take it for a client that left.
  if (transfer->status == 1 && transfer->buf_pos && !has_bytes(to_server)) shutdown(transfer->fd, SHUT_WR);
  const bool server_reads = has_bytes(to_server), client_reads = has_bytes(to_client);
  if (watch(thread->queue, transfer->fd, !client_reads, server_reads || fd < 0)) return -1;
  return watch(thread->queue, transfer->s, !server_reads && transfer->status == 0, client_reads);
}

}  // namespace mortise::offload
