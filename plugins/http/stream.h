// A connected socket on the gateway's loop: reads into a buffer that all streams share, writes at once what
// the socket takes and queues a copy of the rest. Knows nothing of HTTP.
#pragma once

#include <sys/uio.h>
#include <uv.h>

#include <span>
#include <string_view>

namespace mortise::http {

// One per loop (uv_loop_t.data): what received() gets is valid until it returns.
struct ReadBuffer {
  // A tenth of the time of large bodies less than with 64 KiB (measured); a body of 64 KiB comes with its
  // head.
  static constexpr size_t kBytes = 128 * 1024;
  char bytes[kBytes];
};

class Stream {
 public:
  Stream() = default;
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  // Takes over a connected (or connecting) non-blocking descriptor and reads from it. False: it could not be
  // watched, and is closed.
  bool open(uv_loop_t *loop, int fd, int family);

  // Frees the object when libuv has let go of it; nothing is called from now on. May be called more than
  // once.
  void close();
  bool is_closed() const { return closed_; }

  // False: the peer is gone; what was queued is lost. Nothing is called back from within.
  static constexpr size_t kMaxParts = 4;
  // What comes after it at once, as a file does after its head, may go in the same packet.
  enum class Follows : bool { kNothing, kAtOnce };
  bool write(std::span<const std::string_view> parts, Follows follows = Follows::kNothing);
  bool write(std::string_view part, Follows follows = Follows::kNothing) {
    return write({&part, 1}, follows);
  }
  // Why write() returned false, UV_E…
  int write_error() const { return write_error_; }
  // Bytes that wait for the peer to read; drained() is called when they are gone.
  size_t queued_bytes() const { return is_closed() ? 0 : stream()->write_queue_size; }
  // No more will be written; after what is queued the peer gets an end.
  void end_writing();

  // Only a stream that has something to read while it pauses leaves epoll: most pauses cost nothing.
  void pause_reading() { paused_ = true; }
  void resume_reading();
  // The descriptor, for questions about the socket.
  int fd() const;

 protected:
  virtual ~Stream() = default;

 private:
  virtual void received(char *data, size_t len) = 0;
  // The peer ended its side (error 0), or the connection broke (UV_E…).
  virtual void ended(int error) = 0;
  // What was queued cannot be written; there may still be something to read.
  virtual void write_failed(int error) { ended(error); }
  virtual void drained() = 0;

  uv_stream_t *stream() { return reinterpret_cast<uv_stream_t *>(&handle_); }
  const uv_stream_t *stream() const { return reinterpret_cast<const uv_stream_t *>(&handle_); }
  ssize_t send_now(std::span<iovec> parts, Follows follows) const;
  bool queue(std::span<const std::string_view> parts, size_t skip);
  void start_reading();

  union {
    uv_handle_t any;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_;
  int write_error_ = 0;
  bool closed_ = false;
  bool paused_ = false;
  bool stopped_ = false;  // libuv reads no more, because of a pause or of the peer's end
  bool at_end_ = false;   // there is nothing to resume
};

}  // namespace mortise::http
