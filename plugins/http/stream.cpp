#include "stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

namespace mortise::http {

namespace {

// A write that waits, and the copy of its bytes behind it.
struct QueuedWrite {
  uv_write_t request;
  char *bytes() { return reinterpret_cast<char *>(this + 1); }
};

Stream *owner(void *data) {
  return static_cast<Stream *>(data);
}

}  // namespace

bool Stream::open(uv_loop_t *loop, int fd, int family) {
  const bool local = family == AF_UNIX;
  int error = local ? uv_pipe_init(loop, &handle_.pipe, 0) : uv_tcp_init(loop, &handle_.tcp);
  if (error) {
    ::close(fd);
    delete this;
    return false;
  }
  handle_.any.data = this;
  error = local ? uv_pipe_open(&handle_.pipe, fd) : uv_tcp_open(&handle_.tcp, fd);
  if (error) {
    ::close(fd);
    close();
    return false;
  }
  start_reading();
  return true;
}

void Stream::close() {
  if (closed_) return;
  closed_ = true;
  uv_close(&handle_.any, [](uv_handle_t *handle) { delete owner(handle->data); });
}

void Stream::start_reading() {
  stopped_ = false;
  uv_read_start(
      stream(),
      [](uv_handle_t *handle, size_t, uv_buf_t *buffer) {
        auto *shared = static_cast<ReadBuffer *>(handle->loop->data);
        *buffer = uv_buf_init(shared->bytes, owner(handle->data)->paused_ ? 0 : ReadBuffer::kBytes);
      },
      [](uv_stream_t *handle, ssize_t got, const uv_buf_t *buffer) {
        Stream *self = owner(handle->data);
        if (self->closed_ || got == 0) return;
        if (got > 0) return self->received(buffer->base, static_cast<size_t>(got));
        self->stopped_ = true;
        uv_read_stop(handle);
        if (got == UV_ENOBUFS) return;  // it pauses
        self->at_end_ = true;
        self->ended(got == UV_EOF ? 0 : static_cast<int>(got));
      });
}

void Stream::resume_reading() {
  paused_ = false;
  if (!closed_ && stopped_ && !at_end_) start_reading();
}

bool Stream::write(std::span<const std::string_view> parts, Follows follows) {
  if (closed_) return false;
  iovec pieces[kMaxParts];
  size_t count = 0, total = 0;
  assert(parts.size() <= kMaxParts);
  for (std::string_view part : parts) {
    if (part.empty()) continue;
    pieces[count++] = {const_cast<char *>(part.data()), part.size()};
    total += part.size();
  }
  if (total == 0) return true;
  const ssize_t sent = queued_bytes() > 0 ? 0 : send_now({pieces, count}, follows);
  if (sent < 0) {
    write_error_ = static_cast<int>(sent);
    return false;
  }
  return static_cast<size_t>(sent) == total || queue(parts, static_cast<size_t>(sent));
}

// The number of bytes that the socket took, or UV_E…. Not uv_try_write(): it has no way to say MSG_MORE.
ssize_t Stream::send_now(std::span<iovec> parts, Follows follows) const {
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const int flags = MSG_NOSIGNAL | (follows == Follows::kAtOnce ? MSG_MORE : 0);
  for (;;) {
    const ssize_t sent = sendmsg(fd(), &message, flags);
    if (sent >= 0) return sent;
    if (errno == EAGAIN || errno == ENOBUFS) return 0;
    if (errno != EINTR) return -errno;
  }
}

bool Stream::queue(std::span<const std::string_view> parts, size_t skip) {
  size_t total = 0;
  for (std::string_view part : parts) total += part.size();
  void *memory = malloc(sizeof(QueuedWrite) + total - skip);
  if (!memory) return false;
  auto *write = new (memory) QueuedWrite;
  char *out = write->bytes();
  for (std::string_view part : parts) {
    size_t skipped = std::min(skip, part.size());
    skip -= skipped;
    out += part.copy(out, part.size() - skipped, skipped);
  }
  uv_buf_t buffer = uv_buf_init(write->bytes(), static_cast<unsigned>(out - write->bytes()));
  int error = uv_write(&write->request, stream(), &buffer, 1, [](uv_write_t *request, int status) {
    Stream *self = owner(request->handle->data);
    free(request);  // the QueuedWrite that begins with it
    if (self->closed_) return;
    if (status < 0) return self->write_failed(status);
    if (self->queued_bytes() == 0) self->drained();
  });
  if (error) free(memory);
  return error == 0;
}

void Stream::end_writing() {
  if (closed_) return;
  auto *request = static_cast<uv_shutdown_t *>(malloc(sizeof(uv_shutdown_t)));
  if (!request) return;
  if (uv_shutdown(request, stream(), [](uv_shutdown_t *done, int) { free(done); })) free(request);
}

int Stream::fd() const {
  uv_os_fd_t fd = -1;
  uv_fileno(&handle_.any, &fd);
  return fd;
}

}  // namespace mortise::http
