#include "request_body.h"

#include <algorithm>
#include <string_view>

#include "chunked.h"
#include "limited_log.h"

namespace mortise::http {

namespace {

constexpr const char *kCutShort = "a request body that ends before its length";

// It lives in wsgi_request.proto_state: zero at a request's start, and kept while the rest of its body is
// passed over.
static_assert(sizeof(ChunkedDecoder) <= sizeof(wsgi_request::proto_state));
static_assert(std::is_trivially_copyable_v<ChunkedDecoder>);

ChunkedDecoder &decoder_of(wsgi_request *request) {
  return *reinterpret_cast<ChunkedDecoder *>(request->proto_state);
}

// The client's fault: a hook that fails for it is answered with 400 and this reason.
ssize_t refuse_body(wsgi_request *request, const char *reason, int errnum) {
  log_limited("http: body of %.*s %.*s from %s refused: %s", request->method_len, request->method,
              std::min<int>(request->uri_len, 200), request->uri,
              request->peer_addr_len ? request->peer_addr : "a local client", reason);
  request->refusal = reason;
  return errno = errnum, -1;
}

// Asks the client for the body that it holds back, unless it has begun to send or was answered meanwhile.
int invite_body(wsgi_request *request) {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  if (body_will_end(request)) {
    request->expect_continue = 0;
    return 0;
  }
  if (request->headers_sent) return errno = ECONNABORTED, -1;
  request->expect_continue = 0;
  const int ready = uwsgi.wait_write_hook(request->fd, uwsgi.socket_timeout);  // a loop engine goes on
  if (ready == 0) errno = ETIMEDOUT;
  if (ready <= 0) return -1;
  return uwsgi_write_true_nb(request->fd, kContinue.data(), kContinue.size(), uwsgi.socket_timeout);
}

// Gives back what was read beyond the end of the body: it is the next request's.
void give_back(wsgi_request *request, const char *bytes, size_t len, bool came_with_head) {
  if (len == 0) return;
  if (came_with_head) {
    request->proto_parser_remains_buf -= len;
    request->proto_parser_remains += len;
    return;
  }
  char *memory = uwsgi_req_alloc(request, len);
  if (!memory) {
    request->keep_alive = 0;
    return;
  }
  memcpy(memory, bytes, len);
  request->proto_parser_remains_buf = memory;
  request->proto_parser_remains = len;
}

// Moves the data among buf's bytes to its front: their number, or -1 where they break the coding's rules.
ssize_t decode_in_place(wsgi_request *request, ChunkedDecoder &decoder, char *buf, size_t len,
                        bool came_with_head) {
  char *out = buf;
  std::string_view rest(buf, len);
  for (;;) {
    ChunkedDecoder::Step step = decoder.next(rest);
    rest.remove_prefix(step.consumed);
    switch (step.kind) {
      case ChunkedDecoder::Kind::kData:
        memmove(out, step.data.data(), step.data.size());
        out += step.data.size();
        continue;
      case ChunkedDecoder::Kind::kDone:
        give_back(request, rest.data(), rest.size(), came_with_head);
        [[fallthrough]];
      case ChunkedDecoder::Kind::kNeedMore:
        return out - buf;
      case ChunkedDecoder::Kind::kError:
        return refuse_body(request, step.reason, EBADMSG);
    }
  }
}

ssize_t read_chunked(wsgi_request *request, char *buf, size_t len) {
  len = std::min(len,
                 static_cast<size_t>(uwsgi.buffer_size));  // what is given back must fit into the next input
  ChunkedDecoder &decoder = decoder_of(request);
  for (;;) {
    if (decoder.next({}).kind == ChunkedDecoder::Kind::kDone) return 0;
    const bool came_with_head = request->proto_parser_remains > 0;
    ssize_t got = uwsgi_req_raw_read(request, buf, len);
    if (got == 0) return refuse_body(request, kCutShort, ECONNRESET);
    if (got < 0) return -1;
    ssize_t data = decode_in_place(request, decoder, buf, static_cast<size_t>(got), came_with_head);
    if (data != 0) return data;
  }
}

}  // namespace

bool body_will_end(const wsgi_request *request) {
  return !request->expect_continue || request->post_pos > 0 || request->proto_parser_remains > 0;
}

ssize_t read_body(wsgi_request *request, char *buf, size_t len) {
  if (request->expect_continue && invite_body(request)) return -1;
  if (request->body_is_chunked) return read_chunked(request, buf, len);
  ssize_t got = uwsgi_req_raw_read(request, buf, len);
  return got == 0 && len > 0 ? refuse_body(request, kCutShort, ECONNRESET) : got;
}

const char *chunk_error(std::string_view bytes) {
  ChunkedDecoder decoder;
  for (;;) {
    ChunkedDecoder::Step step = decoder.next(bytes);
    if (step.kind != ChunkedDecoder::Kind::kData) return step.reason;
    bytes.remove_prefix(step.consumed);
  }
}

}  // namespace mortise::http
