// The request hook of worker_connections_fuzz: by its path a request reads, writes, fails or gives its
// connection away.
#pragma once

#include <unistd.h>
#include <uwsgi.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mortise::fuzz {

inline void check(bool good) {
  if (!good) abort();
}

inline bool path_is(const wsgi_request *request, std::string_view path) {
  return std::string_view(request->path_info, request->path_info_len) == path;
}

inline int answer(wsgi_request *request, const char *text) {
  return uwsgi_response_prepare_headers(request, "200 OK", 6) ||
                 uwsgi_response_write_body_do(request, text, strlen(text))
             ? -1
             : UWSGI_OK;
}

inline int file() {
  static const int fd = [] {
    const int made = uwsgi_tmpfd();
    check(made >= 0 && ftruncate(made, 3'000'000) == 0);
    return made;
  }();
  return fd;
}

inline int serve(wsgi_request *request) {
  ssize_t len = 0;
  static const std::string block(100'000, 'b');
  if (path_is(request, "/large") || path_is(request, "/pieces")) {
    if (uwsgi_response_prepare_headers(request, "200 OK", 6)) return -1;
    const int times = path_is(request, "/large") ? 30 : 5;
    if (times == 30) uwsgi_response_add_content_length(request, block.size() * 30);
    for (int i = 0; i < times; ++i)
      if (uwsgi_response_write_body_do(request, block.data(), block.size())) return -1;
    return UWSGI_OK;
  }
  if (path_is(request, "/file")) {
    if (uwsgi_response_prepare_headers(request, "200 OK", 6)) return -1;
    return uwsgi_response_sendfile_do_can_close(request, file(), 10, 2'999'990, 0);
  }
  if (path_is(request, "/echo")) {
    if (uwsgi_response_prepare_headers(request, "200 OK", 6)) return -1;
    for (;;) {
      char *data = uwsgi_request_body_read(request, 0, &len);
      if (!data) return -1;
      if (len == 0) return UWSGI_OK;
      if (uwsgi_response_write_body_do(request, data, static_cast<size_t>(len))) return -1;
    }
  }
  if (path_is(request, "/lines")) {
    do
      if (!uwsgi_request_body_readline(request, 7, &len)) return -1;
    while (len > 0);
    return answer(request, "read");
  }
  if (path_is(request, "/count"))
    return uwsgi_request_body_consume(request) ? -1 : answer(request, "counted");
  if (path_is(request, "/seek")) {
    for (int i = 0; i < 2; ++i) {
      if (!uwsgi_request_body_read(request, 2, &len)) return -1;
      uwsgi_request_body_seek(request, i);
    }
    return answer(request, "again");
  }
  if (path_is(request, "/fails")) return -1;
  if (path_is(request, "/throws")) throw std::runtime_error("thrown");
  if (path_is(request, "/nothing")) return UWSGI_OK;
  if (path_is(request, "/upgrade")) {
    if (uwsgi_response_prepare_headers(request, "101 Switching Protocols", 23)) return -1;
    return uwsgi_response_write_body_do(request, block.data(), block.size());
  }
  if (path_is(request, "/disconnect")) {
    uwsgi_response_write_body_do(request, block.data(), block.size());
    return uwsgi_disconnect(request), UWSGI_OK;
  }
  if (path_is(request, "/taken")) {  // as offload threads do
    answer(request, std::string(400'000, 't').c_str());
    uwsgi_response_wait_sent(request);
    close(request->fd);
    request->fd_closed = 1;
    return UWSGI_OK;
  }
  return answer(request, "hello");
}

}  // namespace mortise::fuzz
