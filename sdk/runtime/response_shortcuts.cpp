// What hooks say in one call: usual headers and whole answers, by what the response itself offers.
#include <uwsgi.h>

#include <cstring>

#include "kernel/response.h"
#include "sdk/runtime/status_lines.h"

using namespace mortise;

extern "C" {

int uwsgi_response_prepare_headers_int(wsgi_request *request, int status) {
  const char *line = status_line(status);
  return uwsgi_response_prepare_headers(request, line, static_cast<uint16_t>(strlen(line)));
}

int uwsgi_response_add_content_type(wsgi_request *request, const char *type, uint16_t len) {
  return uwsgi_response_add_header(request, "Content-Type", 12, type, len);
}

int uwsgi_response_add_content_range(wsgi_request *request, int64_t from, int64_t to, int64_t size) {
  char text[80];
  int count = snprintf(text, sizeof text, "bytes %lld-%lld/%lld", static_cast<long long>(from),
                       static_cast<long long>(to), static_cast<long long>(size));
  return uwsgi_response_add_header(request, "Content-Range", 13, text, static_cast<uint16_t>(count));
}

int uwsgi_response_add_last_modified(wsgi_request *request, uint64_t time) {
  char date[31];
  int count = uwsgi_http_date(static_cast<time_t>(time), date);
  return uwsgi_response_add_header(request, "Last-Modified", 13, date, static_cast<uint16_t>(count));
}

int uwsgi_response_add_connection_close(wsgi_request *request) {
  request->keep_alive = 0;
  return UWSGI_OK;
}

int uwsgi_response_sendfile_do(wsgi_request *request, int fd, size_t pos, size_t len) {
  return uwsgi_response_sendfile_do_can_close(request, fd, pos, len, 1);
}

int uwsgi_403(wsgi_request *request) {
  return send_error(request, 403), UWSGI_OK;
}
int uwsgi_404(wsgi_request *request) {
  return send_error(request, 404), UWSGI_OK;
}
int uwsgi_405(wsgi_request *request) {
  return send_error(request, 405), UWSGI_OK;
}

}  // extern "C"
