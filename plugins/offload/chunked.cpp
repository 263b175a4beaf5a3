// What an engine writes to its client where the head has promised chunks (RFC 9112 §7.1): the engine writes
// to a socket, and a transfer of its own frames what comes out at the other end.
#include "chunked.h"

#include <charconv>
#include <cstring>
#include <string_view>

namespace mortise::offload {

namespace {

constexpr size_t kPiece = size_t{16} * 1024;
constexpr size_t kHead = 8;  // room for the length of a piece
constexpr std::string_view kLast = "0\r\n\r\n", kLine = "\r\n";
enum Status { kReads, kWrites, kWritesLast };

// The piece that was read is in buf behind kHead bytes.
void frame(uwsgi_offload_request &transfer, size_t len) {
  char size[kHead];
  const auto digits =
      static_cast<size_t>(std::to_chars(size, size + kHead - kLine.size(), len, 16).ptr - size);
  const size_t begin = kHead - kLine.size() - digits;
  memcpy(transfer.buf + begin, size, digits);
  memcpy(transfer.buf + begin + digits, kLine.data(), kLine.size());
  memcpy(transfer.buf + kHead + len, kLine.data(), kLine.size());
  transfer.buf_pos = static_cast<off_t>(begin);
  transfer.len = kHead + len + kLine.size();
  transfer.status = kWrites;
}

void frame_end(uwsgi_offload_request &transfer) {
  memcpy(transfer.buf, kLast.data(), kLast.size());
  transfer.buf_pos = 0;
  transfer.len = kLast.size();
  transfer.status = kWritesLast;
}

int read_piece(int queue, uwsgi_offload_request &transfer) {
  const ssize_t got = read(transfer.fd, transfer.buf + kHead, kPiece);
  if (got < 0) return uwsgi_is_again() ? 0 : -1;
  got > 0 ? frame(transfer, static_cast<size_t>(got)) : frame_end(transfer);
  event_queue_del_fd(queue, transfer.fd, event_queue_read());
  return event_queue_add_fd_write(queue, transfer.s);
}

int write_piece(int queue, uwsgi_offload_request &transfer) {
  const ssize_t sent = write(transfer.s, transfer.buf + transfer.buf_pos,
                             transfer.len - static_cast<size_t>(transfer.buf_pos));
  if (sent < 0) return uwsgi_is_again() || errno == EINTR ? 0 : -1;
  transfer.buf_pos += sent;
  if (static_cast<size_t>(transfer.buf_pos) < transfer.len) return 0;
  if (transfer.status == kWritesLast) return -1;
  transfer.status = kReads;
  event_queue_del_fd(queue, transfer.s, event_queue_write());
  return event_queue_add_fd_read(queue, transfer.fd);
}

}  // namespace

int send_chunks(uwsgi_thread *thread, uwsgi_offload_request *transfer, int fd) {
  if (fd >= 0)
    return transfer->status == kReads ? read_piece(thread->queue, *transfer)
                                      : write_piece(thread->queue, *transfer);
  transfer->buf = static_cast<char *>(uwsgi_malloc(kHead + kPiece + kLine.size()));
  return event_queue_add_fd_read(thread->queue, transfer->fd);
}

}  // namespace mortise::offload
