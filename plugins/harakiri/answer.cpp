#include "answer.h"

#include <uwsgi.h>

#include <string>

#include "stack.h"

namespace mortise::harakiri {

namespace {

std::string text_of(const char *text, size_t len) {
  std::string safe;
  for (size_t i = 0; text && i < std::min<size_t>(len, 2048); ++i)
    safe += isprint(static_cast<unsigned char>(text[i])) ? text[i] : '?';
  return safe;
}

}  // namespace

void log_request_and_stack(const wsgi_request *request, int core, double seconds) {
  std::string what = "a request";
  if (request)
    what = text_of(request->method, request->method_len) + " " + text_of(request->uri, request->uri_len) +
           " from " +
           (request->remote_addr_len ? text_of(request->remote_addr, request->remote_addr_len)
                                     : "a local client");
  uwsgi_log(
      "error: harakiri: worker %d (pid %d) core %d: %s has taken %.2f s: it is answered 504 and the worker "
      "ends\n",
      uwsgi.mywid, static_cast<int>(getpid()), core, what.c_str(), seconds);
  dump_stack(core);
}

void answer_504(wsgi_request *request) {
  if (!request || !request->socket) return;
  static const char kAnswer[] =
      "HTTP/1.1 504 Gateway Timeout\r\nContent-Type: text/plain\r\nContent-Length: 16\r\nConnection: "
      "close\r\n\r\n"
      "Gateway Timeout\n";
  if (!request->headers_sent && request->response_size == 0 && !request->socket->proto_prepare_headers)
    send(request->fd, kAnswer, sizeof kAnswer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  shutdown(request->fd, SHUT_RDWR);  // the answer, or what there was of it, ends here
}

}  // namespace mortise::harakiri
