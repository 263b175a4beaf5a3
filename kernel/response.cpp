#include "kernel/response.h"

#include <poll.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <cstring>
#include <string_view>

#include "kernel/clock.h"
#include "kernel/flusher.h"
#include "kernel/log.h"
#include "kernel/request.h"
#include "sdk/runtime/head_rules.h"
#include "sdk/runtime/status_lines.h"

namespace mortise {

namespace {

bool equals(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && strncasecmp(text.data(), lower.data(), lower.size()) == 0;
}

int append(wsgi_request *request, std::string_view text) {
  return uwsgi_buffer_append(request->headers, text.data(), text.size());
}

enum class Fate { kWrite, kLeaveOut, kRefuse };

// One length, and none where RFC 9110 §8.6 forbids it; a second one could only be believed by somebody else.
Fate take_content_length(wsgi_request *request, std::string_view value) {
  const auto length = content_length_of(value);
  if (!length) return Fate::kRefuse;
  if (request->has_content_length)
    return *length == request->content_length ? Fate::kLeaveOut : Fate::kRefuse;
  if (request->status == 204 || request->status == 101) return Fate::kLeaveOut;
  request->has_content_length = 1;
  request->content_length = *length;
  return Fate::kWrite;
}

// What becomes of a field by which the body ends or the connection goes on.
Fate take_framing(wsgi_request *request, std::string_view name, std::string_view value) {
  if (equals(name, "content-length")) return take_content_length(request, value);
  if (equals(name, "transfer-encoding"))
    return request->status == 204 || request->status == 101 ? Fate::kLeaveOut : Fate::kWrite;
  if (!equals(name, "connection")) return Fate::kWrite;
  const ConnectionWishes wishes = connection_wishes_of(value);
  if (wishes.close) request->keep_alive = 0;
  return wishes.others ? Fate::kWrite : Fate::kLeaveOut;  // the protocol writes its own
}

int lost_client(wsgi_request *request) {
  request->write_errors++;
  request->keep_alive = 0;
  return -1;
}

// Steps over what was written.
void advance(iovec *&iov, int &count, size_t written) {
  for (; count > 0 && written >= iov->iov_len; ++iov, --count) written -= iov->iov_len;
  if (count == 0) return;
  iov->iov_base = static_cast<char *>(iov->iov_base) + written;
  iov->iov_len -= written;
}

// Who keeps what the client does not take yet; nobody for a connection that is not HTTP any more: both sides
// set its pace.
Flusher *flusher_of(wsgi_request *request) {
  const Request &own = Request::of(request);
  return request->upgraded || !own.peer ? nullptr : own.flusher;
}

// What is kept and would have to go first.
Flusher::Rest rest_of(wsgi_request *request) {
  const Request &own = Request::of(request);
  return own.flusher && own.peer ? own.flusher->rest(*own.peer) : Flusher::Rest::kNone;
}

// Our own gateway takes what comes as soon as it has the processor: that costs less than keeping it. Where
// its client is slow it does not.
bool gateway_takes_more(wsgi_request *request) {
  constexpr int kMomentMs = 10;
  int &patience_ms = Request::of(request).patience_ms;
  if (!request->socket->internal || patience_ms <= 0) return false;
  pollfd writable{request->fd, POLLOUT, 0};
  const int64_t began = monotonic_ms();
  const bool takes = poll(&writable, 1, kMomentMs) > 0;
  patience_ms = takes ? patience_ms - static_cast<int>(monotonic_ms() - began) : 0;
  return takes;
}

// What write_now() returns when there is no more.
constexpr ssize_t kAllSent = SSIZE_MAX;

// Sends it in turns: write_now() returns what write(2) does and moves on, keep() is for what the client does
// not take. Where there is no room for that it waits for the client, as long as it takes some bytes every
// socket-timeout seconds.
template <typename WriteNow, typename Keep>
int send_all(wsgi_request *request, WriteNow write_now, Keep keep) {
  if (request->write_errors) return -1;
  for (;;) {
    const Flusher::Rest rest = rest_of(request);
    if (rest == Flusher::Rest::kLost) return lost_client(request);
    if (rest == Flusher::Rest::kNone) {
      const ssize_t sent = write_now();
      if (sent == kAllSent) return UWSGI_OK;
      if (sent >= 0 || errno == EINTR) continue;
      if (!uwsgi_is_again()) return lost_client(request);
      if (flusher_of(request) && gateway_takes_more(request)) continue;
    }
    if (Flusher *flusher = flusher_of(request)) {
      const Flusher::Kept kept = keep(*flusher, *Request::of(request).peer);
      if (kept == Flusher::Kept::kAll) return UWSGI_OK;
      if (kept == Flusher::Kept::kLost) return lost_client(request);
    }
    if (uwsgi.wait_write_hook(request->fd, uwsgi.socket_timeout) <= 0) return lost_client(request);
  }
}

// Writes what it can and steps over it. What is little is copied: the system takes one piece faster than a
// list. With MSG_MORE what fills no segment may wait for the next write, or for the client to acknowledge the
// one before.
ssize_t write_some(int fd, iovec *&iov, int &count, int flags) {
  const msghdr message{nullptr, 0, iov, static_cast<size_t>(count), nullptr, 0, 0};
  char text[2048], *end = text;
  size_t len = 0;
  for (int i = 0; i < count; ++i) len += iov[i].iov_len;
  const bool one = count == 1, little = !one && len <= sizeof text;
  for (int i = 0; i < count && little; ++i)
    end = std::copy_n(static_cast<char *>(iov[i].iov_base), iov[i].iov_len, end);
  const ssize_t sent =
      one || little ? send(fd, one ? iov->iov_base : text, len, flags) : sendmsg(fd, &message, flags);
  if (sent > 0) advance(iov, count, static_cast<size_t>(sent));
  return count == 0 ? kAllSent : sent;
}

int write_all(wsgi_request *request, iovec *iov, int count, int flags = 0) {
  return send_all(
      request, [&] { return write_some(request->fd, iov, count, flags); },
      [&](Flusher &flusher, Connection &connection) { return flusher.keep(connection, iov, count); });
}

// Completes the head; it is sent by the caller. UWSGI_OK, or -1 when the protocol cannot frame it.
int close_head(wsgi_request *request) {
  if (uwsgi.response_route && uwsgi.response_route(request) == UWSGI_ROUTE_BREAK) return -1;
  for (uwsgi_string_list *line = request->additional_headers; line; line = line->next)
    if (append(request, {line->value, line->len}) || append(request, "\r\n")) return -1;
  uwsgi_socket *socket = request->socket;
  if (socket->proto_fix_headers && socket->proto_fix_headers(request)) return -1;
  if (append(request, "\r\n")) return -1;
  request->headers_sent = 1;
  request->headers_size = request->headers->pos;
  return UWSGI_OK;
}

// Pieces of one write: head, frame before, the body's own, frame after.
struct Pieces {
  static constexpr size_t kMax = 16;
  iovec iov[kMax + 3];
  int count = 0;
  void add(const void *data, size_t len) {
    if (len > 0) iov[count++] = {const_cast<void *>(data), len};
  }
};

// How much of len body bytes may be sent: nothing of a body that must not be there, no more than was
// promised.
size_t allowed(wsgi_request *request, size_t len) {
  if (request->body_less) return 0;
  if (!request->has_content_length) return len;
  uint64_t left = request->content_length - std::min(request->content_length, request->response_size);
  if (len <= left) return len;
  if (!std::exchange(Request::of(request).is_cut, true))
    log_warning("%.*s %.*s: the response is longer than its Content-Length of %" PRIu64 ", the rest is cut",
                request->method_len, request->method, request->uri_len, request->uri,
                request->content_length);
  return left;
}

// Whether bytes of a promised body are missing.
bool lacks_body(const wsgi_request *request) {
  return request->has_content_length && !request->body_less &&
         request->response_size < request->content_length;
}

// Whether what is sent now ends an answer that may wait for others.
bool may_wait(wsgi_request *request) {
  const Request &own = Request::of(request);
  return own.may_wait && request->keep_alive && request->has_content_length && !lacks_body(request) &&
         request->socket->family != AF_UNIX && own.flusher->may_hold();
}

// What frames the next len bytes of body, or ends the body for len 0.
struct Frame {
  char before[UWSGI_FRAME_MAX], after[UWSGI_FRAME_MAX];
  size_t before_len = 0, after_len = 0;
  int make(wsgi_request *request, size_t len) {
    if (!request->chunked || !request->socket->proto_frame) return UWSGI_OK;
    return request->socket->proto_frame(request, len, before, &before_len, after, &after_len);
  }
};

int write_text(wsgi_request *request, char *text, size_t len) {
  iovec part = {text, len};
  return len ? write_all(request, &part, 1) : UWSGI_OK;
}

int write_body(wsgi_request *request, const iovec *parts, size_t count);

// In as many frames as it takes.
int write_pieces(wsgi_request *request, const iovec *parts, size_t count, size_t most) {
  for (size_t i = 0; i < count; ++i) {
    auto *text = static_cast<char *>(parts[i].iov_base);
    for (size_t done = 0, len; done < parts[i].iov_len; done += len) {
      len = std::min(most, parts[i].iov_len - done);
      const iovec piece{text + done, len};
      if (write_body(request, &piece, 1)) return -1;
    }
  }
  return UWSGI_OK;
}

int write_body(wsgi_request *request, const iovec *parts, size_t count) {
  Pieces pieces;
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) total += parts[i].iov_len;
  if (const size_t most = request->socket->frame_max; most && total > most)
    return write_pieces(request, parts, count, most);
  if (!request->headers_sent && request->headers->pos > 0) {
    if (close_head(request)) return -1;
    pieces.add(request->headers->buf, request->headers->pos);
  }
  size_t len = allowed(request, total);
  Frame frame;
  if (len > 0 && frame.make(request, len)) return -1;
  pieces.add(frame.before, frame.before_len);
  size_t left = len;
  for (size_t i = 0; i < count && left > 0; ++i) {
    pieces.add(parts[i].iov_base, std::min(left, parts[i].iov_len));
    left -= std::min(left, parts[i].iov_len);
  }
  pieces.add(frame.after, frame.after_len);
  request->response_size += len;
  // Most of a large piece goes at once; its end costs a segment of its own only where nothing was promised to
  // follow.
  constexpr size_t kAboveAnySegment = 64 * 1024;
  if (pieces.count == 0) return request->write_errors ? -1 : UWSGI_OK;
  const bool more = len >= kAboveAnySegment && lacks_body(request);
  if (may_wait(request)) Request::of(request).flusher->hold(*request);
  return write_all(request, pieces.iov, pieces.count, more ? MSG_MORE : 0);
}

// Through the transformations instead of sendfile(2).
int transform_file(wsgi_request *request, int fd, size_t pos, size_t len) {
  char piece[16 * 1024];
  for (size_t end = pos + len; pos < end;) {
    ssize_t got = pread(fd, piece, std::min(sizeof piece, end - pos), static_cast<off_t>(pos));
    if (got <= 0) return lost_client(request);
    if (uwsgi.transform(request, piece, static_cast<size_t>(got))) return -1;
    pos += static_cast<size_t>(got);
  }
  return UWSGI_OK;
}

int send_frame_of_file(wsgi_request *request, int fd, off_t *offset, size_t len) {
  Frame frame;
  if (frame.make(request, len) || write_text(request, frame.before, frame.before_len)) return -1;
  const auto write_now = [&] {
    const ssize_t sent = sendfile(request->fd, fd, offset, len);
    if (sent == 0) return errno = EIO, ssize_t{-1};  // the file became shorter: the promise cannot be kept
    if (sent > 0) len -= static_cast<size_t>(sent), request->response_size += static_cast<size_t>(sent);
    return len == 0 ? kAllSent : sent;
  };
  const auto keep = [&](Flusher &flusher, Connection &connection) {
    const Flusher::Kept kept = flusher.keep_file(connection, fd, *offset, len);
    if (kept == Flusher::Kept::kAll) request->response_size += len, *offset += static_cast<off_t>(len);
    return kept;
  };
  if (send_all(request, write_now, keep)) return -1;
  return write_text(request, frame.after, frame.after_len);
}

int send_file(wsgi_request *request, int fd, size_t pos, size_t len) {
  if (len == 0) {
    struct stat info {};
    if (fstat(fd, &info) || static_cast<size_t>(info.st_size) < pos) return -1;
    len = static_cast<size_t>(info.st_size) - pos;
  }
  if (request->transformations) return transform_file(request, fd, pos, len);
  if (write_body(request, nullptr, 0)) return -1;  // the head
  len = allowed(request, len);
  const size_t most = request->socket->frame_max ? request->socket->frame_max : len;
  off_t offset = static_cast<off_t>(pos);
  for (size_t done = 0; done < len; done += most)
    if (send_frame_of_file(request, fd, &offset, std::min(most, len - done))) return -1;
  return UWSGI_OK;
}

}  // namespace

void send_error(wsgi_request *request, int status) {
  std::string_view line = status_line(status);
  std::string_view cause = request->refusal ? request->refusal : line.substr(4);
  uwsgi_response_prepare_headers(request, line.data(), static_cast<uint16_t>(line.size()));
  uwsgi_response_add_content_type(request, "text/plain", 10);
  uwsgi_response_add_content_length(request, cause.size() + 1);
  const iovec parts[] = {{const_cast<char *>(cause.data()), cause.size()}, {const_cast<char *>("\n"), 1}};
  write_body(request, parts, 2);
}

int finish_response(wsgi_request *request, int hook_result) {
  if (request->write_errors) return -1;
  if (!request->headers_sent && request->headers->pos > 0 && hook_result >= 0) {
    request->response_ended = 1;
    if (uwsgi_response_write_headers_do(request)) hook_result = -1;
  }
  if (hook_result < 0 && !request->headers_sent && request->response_size == 0) {
    request->keep_alive = 0;
    if (!request->write_errors) uwsgi_500(request);
    return -1;
  }
  // Without its last chunk a body that was cut short shows as such (RFC 9112 §8).
  if (hook_result < 0) return -1;
  if (request->chunked && !request->response_ended) {
    Frame end;
    if (end.make(request, 0) || write_text(request, end.before, end.before_len)) return -1;
  }
  if (lacks_body(request)) {
    log_warning("%.*s %.*s: the response has %" PRIu64 " bytes of its Content-Length of %" PRIu64
                ", the connection is closed",
                request->method_len, request->method, request->uri_len, request->uri, request->response_size,
                request->content_length);
    return -1;
  }
  return request->headers_sent ? UWSGI_OK : -1;
}

}  // namespace mortise

using namespace mortise;

extern "C" {

int uwsgi_response_prepare_headers(wsgi_request *request, const char *status, uint16_t len) {
  const auto known = status_code_of({status, len});
  if (request->headers_sent || !known) return -1;
  const int code = *known;
  request->headers->pos = 0;
  request->header_cnt = 0;
  request->has_content_length = 0;
  request->status = code;
  bool head = request->method_len == 4 && memcmp(request->method, "HEAD", 4) == 0;
  request->body_less = head || code == 204 || code == 304 || code < 200;
  if (uwsgi.error_route && code >= 400 && uwsgi.error_route(request) == UWSGI_ROUTE_BREAK) return -1;
  if (request->socket->proto_prepare_headers) {
    uwsgi_buffer *line = request->socket->proto_prepare_headers(request, const_cast<char *>(status), len);
    if (!line) return -1;
    int result = uwsgi_buffer_append(request->headers, line->buf, line->pos);
    uwsgi_buffer_destroy(line);
    return result;
  }
  const std::string_view end = len == 3 ? " \r\n" : "\r\n";  // the space stands without a reason, too
  return append(request, "HTTP/1.1 ") || append(request, {status, len}) || append(request, end) ? -1
                                                                                                : UWSGI_OK;
}

int uwsgi_response_add_header(wsgi_request *request, const char *key, uint16_t keylen, const char *val,
                              uint16_t vallen) {
  std::string_view name(key, keylen), value(val, vallen);
  if (request->headers_sent || !is_field_name(name) || !is_field_text(value)) return -1;
  for (uwsgi_string_list *drop = request->remove_headers; drop; drop = drop->next)
    if (!uwsgi_strnicmp(drop->value, static_cast<int>(drop->len), key, keylen)) return UWSGI_OK;
  if (const Fate fate = take_framing(request, name, value); fate != Fate::kWrite)
    return fate == Fate::kLeaveOut ? UWSGI_OK : -1;
  request->header_cnt++;
  uwsgi_buffer *head = request->headers;
  if (uwsgi_buffer_ensure(head, name.size() + value.size() + 4)) return -1;
  char *out = head->buf + head->pos;
  memcpy(out, name.data(), name.size());
  out += name.size();
  *out++ = ':';
  *out++ = ' ';
  if (!value.empty()) memcpy(out, value.data(), value.size());
  out += value.size();
  *out++ = '\r';
  *out++ = '\n';
  head->pos = static_cast<size_t>(out - head->buf);
  return UWSGI_OK;
}

int uwsgi_response_add_content_length(wsgi_request *request, uint64_t len) {
  char digits[20];
  char *end = std::to_chars(digits, digits + sizeof digits, len).ptr;
  return uwsgi_response_add_header(request, "Content-Length", 14, digits,
                                   static_cast<uint16_t>(end - digits));
}

// The head waits for the body where that is transformed: its length may change.
int uwsgi_response_write_headers_do(wsgi_request *request) {
  if (request->transformations || request->headers_sent) return UWSGI_OK;
  const bool body_follows = !request->response_ended && !request->body_less && !request->has_content_length;
  // An offload thread may write it, and closes the connection at its end.
  if (uwsgi.offload_threads && body_follows) request->keep_alive = 0;
  return write_body(request, nullptr, 0);
}

int uwsgi_response_write_body_do(wsgi_request *request, const char *buf, size_t len) {
  if (request->transformations) return uwsgi.transform(request, const_cast<char *>(buf), len);
  iovec part = {const_cast<char *>(buf), len};
  return write_body(request, &part, 1);
}

int uwsgi_response_writev_body_do(wsgi_request *request, iovec *iov, size_t count) {
  if (request->transformations) {
    for (size_t i = 0; i < count; ++i)
      if (uwsgi.transform(request, static_cast<char *>(iov[i].iov_base), iov[i].iov_len)) return -1;
    return UWSGI_OK;
  }
  for (size_t done = 0; done < count; done += Pieces::kMax)
    if (write_body(request, iov + done, std::min(count - done, Pieces::kMax))) return -1;
  return UWSGI_OK;
}

int uwsgi_response_sendfile_do_can_close(wsgi_request *request, int fd, size_t pos, size_t len, int close) {
  request->via = UWSGI_VIA_SENDFILE;
  int result = send_file(request, fd, pos, len);
  if (close) ::close(fd);
  return result;
}

// What a hook that failed is answered with: a body that did not come whole is the client's failure.
int uwsgi_500(wsgi_request *request) {
  const int body_status = Request::of(request).body_status;
  send_error(request, body_status ? body_status : 500);
  return UWSGI_OK;
}

int uwsgi_response_wait_sent(wsgi_request *request) {
  return send_all(
      request, [] { return kAllSent; }, [](Flusher &, Connection &) { return Flusher::Kept::kSome; });
}

}  // extern "C"
