#include "protocol.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "records.h"

namespace mortise::fastcgi {

int modifier1 = 0, modifier2 = 0;

namespace {

constexpr int kIdleSeconds = 65;
constexpr size_t kMostContent = 65535 & ~size_t{7};

// Where a request's body is; in wsgi_request.proto_state, zero at the request's start.
struct BodyState {
  uint16_t id;
  bool ended;
  uint8_t padding;
  uint8_t header_bytes;  // of `header`, read so far
  uint16_t content;      // bytes that are left of the record
  char header[kHeaderBytes];
};
static_assert(sizeof(BodyState) <= sizeof(wsgi_request::proto_state));

BodyState &body_of(wsgi_request *request) {
  return *reinterpret_cast<BodyState *>(request->proto_state);
}

int refuse(wsgi_request *request, int status, const char *reason) {
  request->status = status;
  request->refusal = reason;
  return -1;
}

bool is_length(std::string_view text) {
  constexpr size_t kMostDigits = 18;
  return text.size() <= kMostDigits && text.find_first_not_of("0123456789") == text.npos;
}

int take_variables(wsgi_request *request, std::string_view params) {
  bool too_many = false;
  const bool good = for_each_pair(params, [&](std::string_view name, std::string_view value) {
    if (name == "CONTENT_LENGTH" && !is_length(value)) return false;
    too_many = name.size() > UINT16_MAX || value.size() > UINT16_MAX ||
               uwsgi_req_add_var(request, name.data(), static_cast<uint16_t>(name.size()), value.data(),
                                 static_cast<uint16_t>(value.size())) != 0;
    return !too_many;
  });
  if (too_many) return refuse(request, 431, "more variables than --max-vars, or too long ones");
  return good ? UWSGI_OK : refuse(request, 400, "malformed FastCGI variables");
}

int parse(wsgi_request *request) {
  Head head;
  const Verdict verdict = parse_head(request->proto_parser_buf, request->proto_parser_pos,
                                     static_cast<size_t>(uwsgi.buffer_size), &head);
  body_of(request).id = head.id;
  switch (verdict) {
    case Verdict::kMore:
      return UWSGI_AGAIN;
    case Verdict::kTooLarge:
      return refuse(request, 431, "FastCGI variables larger than --buffer-size");
    case Verdict::kMalformed:
      return refuse(request, 400, "malformed FastCGI records");
    case Verdict::kUnsupported:
      return refuse(request, 501, "FastCGI in another role than responder, or several requests at a time");
    case Verdict::kGood:
      break;
  }
  if (take_variables(request, head.params)) return -1;
  request->uh->modifier1 = static_cast<uint8_t>(modifier1);
  request->uh->modifier2 = static_cast<uint8_t>(modifier2);
  request->keep_alive = head.keep;
  request->proto_parser_move = head.used;
  request->parsed = 1;
  return UWSGI_OK;
}

// A header, or a part of it: >0, what uwsgi_req_raw_read() says otherwise.
ssize_t read_header(wsgi_request *request, BodyState &body) {
  const ssize_t got =
      uwsgi_req_raw_read(request, body.header + body.header_bytes, kHeaderBytes - body.header_bytes);
  if (got <= 0) return got;
  body.header_bytes = static_cast<uint8_t>(body.header_bytes + got);
  if (body.header_bytes < kHeaderBytes) return got;
  body.header_bytes = 0;
  const Header header = parse_header(body.header);
  if (header.type != kStdin || header.id != body.id) {
    errno = header.type == kAbortRequest ? ECONNRESET : EBADMSG;
    return -1;
  }
  body.content = header.length;
  body.padding = header.padding;
  body.ended = header.length == 0;
  return got;
}

ssize_t read_body(wsgi_request *request, char *buf, size_t len) {
  BodyState &body = body_of(request);
  for (;;) {
    if (body.content > 0) {
      const ssize_t got = uwsgi_req_raw_read(request, buf, std::min<size_t>(len, body.content));
      if (got > 0) body.content = static_cast<uint16_t>(body.content - got);
      return got;
    }
    if (body.padding > 0) {
      char ignored[UINT8_MAX];
      const ssize_t got = uwsgi_req_raw_read(request, ignored, body.padding);
      if (got <= 0) return got;
      body.padding = static_cast<uint8_t>(body.padding - got);
      continue;
    }
    if (body.ended) return 0;
    if (const ssize_t got = read_header(request, body); got <= 0) return got;
  }
}

uwsgi_buffer *status_field(wsgi_request *, char *status, uint16_t len) {
  uwsgi_buffer *line = uwsgi_buffer_new(len + size_t{10});
  if (uwsgi_buffer_append(line, "Status: ", 8) || uwsgi_buffer_append(line, status, len) ||
      uwsgi_buffer_append(line, "\r\n", 2))
    return uwsgi_buffer_destroy(line), nullptr;
  return line;
}

// The head is a record; the server adds the empty line at its end.
int frame_head(wsgi_request *request) {
  const size_t length = request->headers->pos + 2;
  if (length > kMostContent) return -1;
  char header[kHeaderBytes];
  write_header(header, kStdout, body_of(request).id, length);
  request->chunked = 1;
  request->response_ended = 0;  // an answer without a body has an end, too
  return uwsgi_buffer_insert(request->headers, 0, header, sizeof header);
}

// Whether the record that ends the body is here, read or not.
bool has_whole_body(wsgi_request *request) {
  const BodyState &body = body_of(request);
  return body.ended ||
         request->proto_parser_remains + body.header_bytes >= size_t{body.padding} + kHeaderBytes;
}

int frame_body(wsgi_request *request, size_t len, char *before, size_t *before_len, char *,
               size_t *after_len) {
  static_assert(3 * kHeaderBytes <= UWSGI_FRAME_MAX);
  const uint16_t id = body_of(request).id;
  write_header(before, kStdout, id, len);
  *before_len = kHeaderBytes;
  *after_len = 0;
  if (len > 0) return UWSGI_OK;
  // What is still on its way belongs to this request: padding, and the record that ends the body. It would
  // reset a connection that is closed, too: the server waits for it first.
  request->body_is_chunked = request->keep_alive ? !body_of(request).ended : !has_whole_body(request);
  write_end(before + kHeaderBytes, id);
  *before_len += 2 * kHeaderBytes;
  return UWSGI_OK;
}

int finish(wsgi_request *request) {
  return request->keep_alive ? UWSGI_OK : -1;
}

}  // namespace

void set_up_nph(uwsgi_socket *socket) {
  socket->proto = parse;
  socket->proto_read_body = read_body;
  socket->proto_fix_headers = frame_head;
  socket->proto_frame = frame_body;
  socket->frame_max = kMostContent;
  socket->proto_finish = finish;
  socket->header_timeout = uwsgi.socket_timeout;
  socket->idle_timeout = kIdleSeconds;
}

void set_up_with_status(uwsgi_socket *socket) {
  set_up_nph(socket);
  socket->proto_prepare_headers = status_field;
}

}  // namespace mortise::fastcgi
