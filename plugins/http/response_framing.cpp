#include "response_framing.h"

#include <algorithm>
#include <bit>
#include <string_view>

#include "field_list.h"
#include "folded.h"
#include "http_date.h"
#include "limited_log.h"
#include "request_body.h"

namespace mortise::http {

namespace {

// What the application wrote into the head that we would otherwise write.
struct OwnHeaders {
  bool date = false;
  int codings = 0;          // lines of Transfer-Encoding
  bool is_chunked = false;  // says the last of them
};

constexpr std::string_view kTransferEncoding = "transfer-encoding:";

OwnHeaders find_own_headers(std::string_view head) {
  OwnHeaders found;
  size_t line = head.find('\n') + 1;  // behind the status line
  while (line < head.size()) {
    std::string_view text = head.substr(line);
    switch (text[0] | 0x20) {
      case 'd':
        found.date |= equals_folded(text.substr(0, 5), "date:");
        break;
      case 't':
        if (!equals_folded(text.substr(0, kTransferEncoding.size()), kTransferEncoding)) break;
        found.is_chunked = equals_folded(
            trim_blanks(text.substr(0, text.find('\r')).substr(kTransferEncoding.size())), "chunked");
        ++found.codings;
        break;
    }
    const void *end = memchr(text.data(), '\n', text.size());
    if (!end) break;
    line += static_cast<size_t>(static_cast<const char *>(end) - text.data()) + 1;
  }
  return found;
}

int append(wsgi_request *request, std::string_view text) {
  return uwsgi_buffer_append(request->headers, text.data(), text.size());
}

// Decides how the end of the body will be known, and says so in the head.
int frame_body(wsgi_request *request, bool framed_by_application) {
  if (request->body_less || request->has_content_length) return 0;
  if (request->response_ended) return append(request, "Content-Length: 0\r\n");
  if (framed_by_application) {  // we do not look whether it keeps its word
    request->keep_alive = 0;
    return 0;
  }
  if (request->http_minor >= 1) {
    request->chunked = 1;
    return append(request, "Transfer-Encoding: chunked\r\n");
  }
  request->keep_alive = 0;  // the body ends with the connection
  return 0;
}

// An answer of the application that must not be sent; it becomes a 500.
int refuse_answer(wsgi_request *request, const char *why) {
  log_limited("http: the answer to %.*s %.*s is not sent: %s (answered 500)", request->method_len,
              request->method, std::min<int>(request->uri_len, 200), request->uri, why);
  return -1;
}

// Nobody could say where the body ends (RFC 9112 §6.1, §6.3). A gateway decodes chunks for HTTP/1.0.
const char *framing_error(const wsgi_request *request, const OwnHeaders &own, bool for_gateway) {
  if (own.codings == 0) return nullptr;
  if (own.codings > 1 || !own.is_chunked) return "it has a Transfer-Encoding other than chunked";
  if (request->has_content_length) return "it has both Content-Length and Transfer-Encoding";
  return request->http_minor == 0 && !for_gateway ? "it has a Transfer-Encoding, the client HTTP/1.0"
                                                  : nullptr;
}

bool wants_upgrade(wsgi_request *request) {
  uint16_t upgrade_len = 0, connection_len = 0;
  const char *upgrade = uwsgi_get_var(request, "HTTP_UPGRADE", 12, &upgrade_len);
  const char *connection = uwsgi_get_var(request, "HTTP_CONNECTION", 15, &connection_len);
  ConnectionOptions asked;
  if (upgrade && connection) asked.add({connection, connection_len});
  return asked.upgrade && request->http_minor >= 1;
}

// The connection is no longer HTTP: what the application sends goes out as it is (RFC 9110 §15.2.2).
void begin_upgrade(wsgi_request *request) {
  request->upgraded = 1;
  request->body_less = 0;
  request->keep_alive = 0;
}

int complete(wsgi_request *request, bool for_gateway) {
  const OwnHeaders own = find_own_headers({request->headers->buf, request->headers->pos});
  if (request->status == 101) {
    if (!wants_upgrade(request)) return refuse_answer(request, "it is 101, nobody asked for an upgrade");
    begin_upgrade(request);
    return 0;
  }
  if (const char *error = framing_error(request, own, for_gateway)) return refuse_answer(request, error);
  if (!own.date && append(request, date_line())) return -1;
  if (frame_body(request, own.codings > 0)) return -1;
  if (!body_will_end(request)) request->keep_alive = 0;
  if (!request->keep_alive) return append(request, "Connection: close\r\n");
  // What 1.1 takes for granted, 1.0 has to be told; and the gateway of another server.
  const bool is_told = for_gateway ? !request->socket->internal : request->http_minor == 0;
  return is_told ? append(request, "Connection: keep-alive\r\n") : 0;
}

}  // namespace

int complete_head(wsgi_request *request) {
  return complete(request, false);
}

int complete_head_for_gateway(wsgi_request *request) {
  return complete(request, true);
}

int frame_chunk(wsgi_request *, size_t len, char *before, size_t *before_len, char *after,
                size_t *after_len) {
  if (len == 0) {
    *before_len = std::string_view("0\r\n\r\n").copy(before, UWSGI_FRAME_MAX);
    *after_len = 0;
    return 0;
  }
  char *out = before;
  for (int shift = (std::bit_width(len) - 1) / 4 * 4; shift >= 0; shift -= 4)
    *out++ = "0123456789abcdef"[len >> shift & 0xf];
  *out++ = '\r';
  *out++ = '\n';
  *before_len = static_cast<size_t>(out - before);
  *after_len = std::string_view("\r\n").copy(after, UWSGI_FRAME_MAX);
  return 0;
}

int finish_response(wsgi_request *request) {
  return request->keep_alive ? UWSGI_OK : -1;
}

}  // namespace mortise::http
