// Less usual views of a request: a header, a cookie or a parameter by its name, chunks as they come, ranges,
// variables added by protocols.
#include <uwsgi.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace {

// "X-Forwarded-For" is HTTP_X_FORWARDED_FOR among the variables (RFC 3875 §4.1.18).
std::string variable_of(std::string_view header) {
  std::string name = "HTTP_";
  for (char c : header) name += c == '-' ? '_' : static_cast<char>(toupper(static_cast<unsigned char>(c)));
  if (name == "HTTP_CONTENT_TYPE" || name == "HTTP_CONTENT_LENGTH") name.erase(0, 5);
  return name;
}

uint16_t add_variable(wsgi_request *request, std::string_view key, const char *val, uint16_t vallen) {
  if (!uwsgi_req_append(request, key.data(), static_cast<uint16_t>(key.size()), val, vallen)) return 0;
  return static_cast<uint16_t>(
      std::min<size_t>(key.size() + vallen + 4, UINT16_MAX));  // as it would be packed
}

uwsgi_buffer *line_of(std::initializer_list<std::string_view> pieces) {
  uwsgi_buffer *line = uwsgi_buffer_new(128);
  for (std::string_view piece : pieces)
    if (uwsgi_buffer_append(line, piece.data(), piece.size())) return uwsgi_buffer_destroy(line), nullptr;
  return line;
}

// Value of `name` in "name=value<separator>name=value".
char *find_pair(char *text, size_t len, std::string_view name, char separator, uint16_t *value_len) {
  char *end = text + len;
  while (text < end) {
    while (text < end && (*text == ' ' || *text == separator)) ++text;
    char *next = static_cast<char *>(memchr(text, separator, static_cast<size_t>(end - text)));
    if (!next) next = end;
    size_t pair_len = static_cast<size_t>(next - text);
    if (pair_len > name.size() && text[name.size()] == '=' && memcmp(text, name.data(), name.size()) == 0) {
      *value_len = static_cast<uint16_t>(pair_len - name.size() - 1);
      return text + name.size() + 1;
    }
    text = next;
  }
  return nullptr;
}

}  // namespace

extern "C" {

char *uwsgi_get_header(wsgi_request *request, char *key, uint16_t keylen, uint16_t *vallen) {
  const std::string name = variable_of({key, keylen});
  return uwsgi_get_var(request, name.data(), static_cast<uint16_t>(name.size()), vallen);
}

char *uwsgi_get_cookie(wsgi_request *request, const char *key, uint16_t keylen, uint16_t *vallen) {
  return find_pair(request->cookie, request->cookie_len, {key, keylen}, ';', vallen);
}

char *uwsgi_get_qs(wsgi_request *request, const char *key, uint16_t keylen, uint16_t *vallen) {
  return find_pair(request->query_string, request->query_string_len, {key, keylen}, '&', vallen);
}

uint16_t proto_base_add_uwsgi_var(wsgi_request *request, char *key, uint16_t keylen, char *val,
                                  uint16_t vallen) {
  return add_variable(request, {key, keylen}, val, vallen);
}

uint16_t proto_base_add_uwsgi_header(wsgi_request *request, char *key, uint16_t keylen, char *val,
                                     uint16_t vallen) {
  return add_variable(request, variable_of({key, keylen}), val, vallen);
}

uwsgi_buffer *uwsgi_proto_base_prepare_headers(wsgi_request *request, char *status, uint16_t len) {
  std::string_view protocol(request->protocol, request->protocol_len);
  return line_of({protocol.empty() ? "HTTP/1.0" : protocol, " ", {status, len}, len == 3 ? " \r\n" : "\r\n"});
}

uwsgi_buffer *uwsgi_proto_base_add_header(wsgi_request *, char *key, uint16_t keylen, char *val,
                                          uint16_t vallen) {
  return line_of({{key, keylen}, ": ", {val, vallen}, "\r\n"});
}

int uwsgi_proto_base_fix_headers(wsgi_request *) {
  return 0;
}

int uwsgi_ready_fd(wsgi_request *request) {
  return request->async_ready_fd;
}

int uwsgi_parse_vars(wsgi_request *request) {
  return request->parsed ? 0 : -1;
}

int uwsgi_request_body_consume(wsgi_request *request) {
  ssize_t len = 0;
  do {
    if (!uwsgi_request_body_read(request, 0, &len)) return -1;
  } while (len > 0);
  return 0;
}

// [request] As if the client had gone.
void uwsgi_disconnect(wsgi_request *request) {
  shutdown(request->fd, SHUT_RDWR);
  request->write_errors++;
  request->keep_alive = 0;
}

char *uwsgi_chunked_read_smart(wsgi_request *request, size_t *len, int timeout) {
  return uwsgi_chunked_read(request, len, timeout, 0);
}

// The handler of the signal runs as well. [worker]
int uwsgi_signal_wait(int signum) {
  wsgi_request *request = uwsgi.current_wsgi_req ? current_wsgi_req() : nullptr;
  for (;;) {
    int fd = -1;
    if (uwsgi.wait_read2_hook(uwsgi.signal_socket, uwsgi.my_signal_socket, -1, &fd) <= 0) return -1;
    uint8_t received = 0;
    if (recv(fd, &received, 1, MSG_PEEK | MSG_DONTWAIT) != 1) continue;  // another core took it
    uwsgi_receive_signal(fd, "worker", uwsgi.mywid);
    if (request) request->signal_received = received;
    if (signum < 0 || signum == received) return received;
  }
}

// RFC 9110 §14.1.2; range_to of -1 and a negative range_from count from the end.
void uwsgi_request_fix_range_for_size(wsgi_request *request, int64_t size) {
  if (request->range_parsed != UWSGI_RANGE_PARSED) return;
  auto from = static_cast<int64_t>(request->range_from), to = static_cast<int64_t>(request->range_to);
  if (from < 0) from = std::max<int64_t>(0, size + from), to = size - 1;
  if (to < 0 || to >= size) to = size - 1;
  const bool valid = size > 0 && from < size && from <= to;
  request->range_parsed = valid ? UWSGI_RANGE_VALID : UWSGI_RANGE_INVALID;
  request->range_from = valid ? static_cast<uint64_t>(from) : 0;
  request->range_to = valid ? static_cast<uint64_t>(to) : 0;
}

uint64_t uwsgi_worker_exceptions(int wid) {
  uint64_t exceptions = 0;
  for (int core = 0; core < uwsgi.cores; ++core) exceptions += uwsgi.workers[wid].cores[core].exceptions;
  return exceptions;
}

}  // extern "C"
