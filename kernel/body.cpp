#include "kernel/body.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "kernel/log.h"
#include "kernel/request.h"
#include "kernel/state.h"

namespace mortise {

namespace {

// Bytes that the hook can still get besides those that are held: the file's, or the peer's.
size_t left(const Request &request) {
  return request.post_file ? request.body_size - request.body_file_pos : owed_body(&request);
}

ssize_t read_file(Request &request, char *buf, size_t len) {
  const ssize_t got = pread(fileno(request.post_file), buf, std::min(len, left(request)),
                            static_cast<off_t>(request.body_file_pos));
  if (got > 0) request.body_file_pos += static_cast<size_t>(got);
  return got;
}

// One read without waiting: >0 bytes, 0 end, -1 with errno.
ssize_t read_some(Request &request, char *buf, size_t len) {
  if (request.post_file) return read_file(request, buf, len);
  len = std::min(len, owed_body(&request));
  if (len == 0) return 0;
  ssize_t got = request.socket->proto_read_body ? request.socket->proto_read_body(&request, buf, len)
                                                : uwsgi_req_raw_read(&request, buf, len);
  if (got > 0) {
    request.post_pos += static_cast<size_t>(got);
    if (request.body_is_chunked && uwsgi.limit_post > 0 && request.post_pos > uwsgi.limit_post)
      return errno = EFBIG, -1;
  } else if (got == 0) {
    request.body_ended = 1;
    if (!request.body_is_chunked) {  // the peer promised more
      errno = ECONNRESET;
      return -1;
    }
  }
  return got;
}

// Same, waiting for the peer; for at most so many seconds where it sends nothing.
ssize_t wait_read(Request &request, char *buf, size_t len, int timeout_s = uwsgi.socket_timeout) {
  for (;;) {
    ssize_t got = read_some(request, buf, len);
    if (got >= 0) return got;
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      int ready = uwsgi.wait_read_hook(request.fd, timeout_s);
      if (ready > 0) continue;
      if (ready == 0) errno = ETIMEDOUT;
    }
    request.read_errors++;
    request.keep_alive = 0;
    request.body_status = errno == ETIMEDOUT ? 408 : errno == EFBIG ? 413 : 400;
    if (!request.refusal)
      request.refusal = errno == ETIMEDOUT ? "a request body that stopped coming"
                        : errno == EFBIG   ? "the request body is larger than --limit-post"
                        : errno == EBADMSG ? "a malformed chunk"
                                           : "a request body that ends before its length";
    return -1;
  }
}

// Makes room for `more` bytes behind what is held, moving or growing.
void make_room(Request &request, size_t more) {
  if (request.body_begin == request.body_end) request.body_begin = request.body_end = 0;
  if (request.body.size() - request.body_end >= more) return;
  size_t held = request.body_end - request.body_begin;
  if (request.body_begin > 0) {
    memmove(request.body.data(), request.body.data() + request.body_begin, held);
    request.body_begin = 0;
    request.body_end = held;
  }
  if (request.body.size() - held < more) request.body.resize(held + more);
}

[[gnu::cold]] int cannot_store(Request &request) {
  log_error("keep the body of %.*s %.*s: %s (answered 507; see --post-buffering and TMPDIR)",
            request.method_len, request.method, std::min<int>(request.uri_len, 200), request.uri,
            strerror(errno));
  request.keep_alive = 0;
  request.body_status = 507;
  request.refusal = "the request body cannot be stored";
  return -1;
}

// What is held goes to the file.
bool write_to(FILE *file, Request &request) {
  while (request.body_begin < request.body_end) {
    const ssize_t written =
        write(fileno(file), request.body.data() + request.body_begin, request.body_end - request.body_begin);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    request.body_begin += static_cast<size_t>(written);
  }
  return true;
}

}  // namespace

ssize_t hold_more(Request &request, size_t more) {
  more = std::min(more, left(request));
  if (more == 0) return 0;
  make_room(request, more);
  const ssize_t got = wait_read(request, request.body.data() + request.body_end, more);
  if (got > 0) request.body_end += static_cast<size_t>(got);
  return got;
}

char *give(Request &request, size_t len, ssize_t *result_len) {
  char *start = request.body.data() + request.body_begin;
  request.body_begin += len;
  *result_len = static_cast<ssize_t>(len);
  return len ? start : uwsgi.empty;
}

int buffer_body(wsgi_request *wsgi_req) try {
  Request &request = Request::of(wsgi_req);
  const auto in_memory = static_cast<size_t>(uwsgi.post_buffering);
  const auto piece = static_cast<size_t>(std::max(uwsgi.post_buffering_bufsize, 1));
  std::unique_ptr<FILE, int (*)(FILE *)> file(nullptr, fclose);
  bool on_disk = !request.body_is_chunked && request.post_cl > in_memory;
  for (ssize_t got; (got = hold_more(request, piece)) != 0;) {
    if (got < 0) return -1;
    request.body_size += static_cast<size_t>(got);
    on_disk = on_disk || request.body_size > in_memory;
    if (!on_disk) continue;
    if (!file) file.reset(uwsgi_tmpfile());
    if (!file || !write_to(file.get(), request)) return cannot_store(request);
  }
  request.body_is_kept = true;
  if (!file) return 0;
  lseek(fileno(file.get()), 0, SEEK_SET);  // for plugins that read post_file themselves
  request.post_file = file.release();
  return 0;
} catch (const std::bad_alloc &) {
  errno = ENOMEM;
  return cannot_store(Request::of(wsgi_req));
}

bool pass_over_body(wsgi_request *wsgi_req) {
  Request &request = Request::of(wsgi_req);
  request.end();              // what it kept of its body in a file
  constexpr int kReads = 16;  // then others have their turn
  ssize_t got = 1;
  for (int i = 0; got > 0 && owed_body(&request) > 0; ++i) {
    if (i >= kReads && request.proto_parser_remains == 0) break;
    make_room(request, kBodyPiece);
    request.body_begin = request.body_end = 0;
    got = read_some(request, request.body.data(), kBodyPiece);
  }
  return request.keep_alive && (got >= 0 || errno == EAGAIN || errno == EINTR);
}

}  // namespace mortise

using mortise::Request;

extern "C" {

ssize_t uwsgi_req_raw_read(wsgi_request *request, char *buf, size_t len) {
  if (request->proto_parser_remains > 0) {
    size_t count = std::min(len, request->proto_parser_remains);
    memcpy(buf, request->proto_parser_remains_buf, count);
    request->proto_parser_remains_buf += count;
    request->proto_parser_remains -= count;
    return static_cast<ssize_t>(count);
  }
  return read(request->fd, buf, len);
}

char *uwsgi_chunked_read(wsgi_request *wsgi_req, size_t *len, int timeout, int nb) {
  Request &request = Request::of(wsgi_req);
  *len = 0;
  try {
    if (request.body_begin == request.body_end && mortise::left(request) > 0) {
      mortise::make_room(request, mortise::kBodyPiece);
      char *room = request.body.data() + request.body_end;
      const ssize_t got = nb        ? mortise::read_some(request, room, mortise::kBodyPiece)
                          : timeout ? mortise::wait_read(request, room, mortise::kBodyPiece, timeout)
                                    : mortise::wait_read(request, room, mortise::kBodyPiece);
      if (got < 0) return nullptr;
      request.body_end += static_cast<size_t>(got);
    }
    ssize_t given = 0;
    char *chunk = mortise::give(request, request.body_end - request.body_begin, &given);
    *len = static_cast<size_t>(given);
    return chunk;
  } catch (const std::bad_alloc &) {
    errno = ENOMEM;
    return nullptr;
  }
}

}  // extern "C"
