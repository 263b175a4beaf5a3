// Less usual things to do with a response: headers that are added or dropped behind the application's back,
// dates, redirections, bytes beside the body's framing. The response itself: kernel/response.
#include <uwsgi.h>

#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace {

// Appends to a list in the memory of the request: 0, or -1 where there is none left.
int remember(wsgi_request *request, uwsgi_string_list **list, const char *text, uint16_t len) {
  size_t room = sizeof(uwsgi_string_list) + alignof(uwsgi_string_list);
  void *memory = uwsgi_req_alloc(request, room);
  char *copy = uwsgi_req_alloc(request, len + size_t{1});
  if (!memory || !copy || !std::align(alignof(uwsgi_string_list), sizeof(uwsgi_string_list), memory, room))
    return -1;
  memcpy(copy, text, len);
  copy[len] = '\0';
  while (*list) list = &(*list)->next;
  *list = new (memory) uwsgi_string_list{copy, len, 0, 0, nullptr, nullptr};
  return 0;
}

// Takes the lines of a header out of a head that is not sent yet; its first line is the status.
void drop_lines(uwsgi_buffer *head, std::string_view name) {
  std::string_view text(head->buf, head->pos);
  for (size_t at = text.find("\r\n"); at != text.npos && at + 2 < text.size();) {
    const size_t line = at + 2, end = text.find("\r\n", line);
    if (end == text.npos) return;
    if (end - line > name.size() && text[line + name.size()] == ':' &&
        strncasecmp(head->buf + line, name.data(), name.size()) == 0) {
      memmove(head->buf + line, head->buf + end + 2, head->pos - end - 2);
      head->pos -= end + 2 - line;
      text = {head->buf, head->pos};
    } else {
      at = end;
    }
  }
}

}  // namespace

extern "C" {

int uwsgi_additional_header_add(wsgi_request *request, char *header, uint16_t len) {
  const std::string_view line(header, len);
  if (line.find(':') == line.npos || line.find_first_of(std::string_view("\r\n\0", 3)) != line.npos)
    return -1;
  return remember(request, &request->additional_headers, header, len);
}

void uwsgi_remove_header(wsgi_request *request, char *name, uint16_t len) {
  if (request->headers_sent) return;
  if (uwsgi_strnicmp(name, len, "content-length", 14) == 0) request->has_content_length = 0;
  drop_lines(request->headers, {name, len});
  remember(request, &request->remove_headers, name, len);
}

int uwsgi_response_add_date(wsgi_request *request, char *key, uint16_t keylen, uint64_t time) {
  char date[31];
  const int len = uwsgi_http_date(static_cast<time_t>(time), date);
  return uwsgi_response_add_header(request, key, keylen, date, static_cast<uint16_t>(len));
}

int uwsgi_response_add_expires(wsgi_request *request, uint64_t time) {
  char key[] = "Expires";
  return uwsgi_response_add_date(request, key, 7, time);
}

int uwsgi_response_commit_headers(wsgi_request *request) {
  return uwsgi_response_write_headers_do(request);
}

// A folder without its slash: 301 to the same path with it, the query kept.
int uwsgi_redirect_to_slash(wsgi_request *request) {
  std::string target(request->path_info, request->path_info_len);
  while (target.size() > 1 && target[1] == '/') target.erase(0, 1);  // "//host" would leave this server
  target += '/';
  if (request->query_string_len) target.append("?").append(request->query_string, request->query_string_len);
  if (target.size() > UINT16_MAX || uwsgi_response_prepare_headers(request, "301 Moved Permanently", 21))
    return -1;
  if (uwsgi_response_add_header(request, "Location", 8, target.data(), static_cast<uint16_t>(target.size())))
    return -1;
  return uwsgi_response_add_content_length(request, 0);
}

// A whole response, head and body, as a program wrote it: "HTTP/1.x 200 OK", headers, empty line, body.
int uwsgi_blob_to_response(wsgi_request *request, char *blob, size_t len) {
  std::string_view left(blob, len);
  bool first = true;
  while (!left.empty()) {
    size_t end = left.find('\n');
    if (end == left.npos) return -1;
    std::string_view line = left.substr(0, end);
    left.remove_prefix(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty())
      return left.empty() ? 0 : uwsgi_response_write_body_do(request, left.data(), left.size());
    if (std::exchange(first, false)) {
      const size_t space = line.find(' ');
      if (space == line.npos) return -1;
      line.remove_prefix(space + 1);
      if (uwsgi_response_prepare_headers(request, line.data(), static_cast<uint16_t>(line.size()))) return -1;
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == line.npos) return -1;
    size_t value = line.find_first_not_of(' ', colon + 1);
    if (value == line.npos) value = line.size();
    if (uwsgi_response_add_header(request, line.data(), static_cast<uint16_t>(colon), line.data() + value,
                                  static_cast<uint16_t>(line.size() - value)))
      return -1;
  }
  return -1;
}

int uwsgi_simple_write(wsgi_request *request, char *buf, size_t len) {
  return uwsgi_response_write_body_do(request, buf, len);
}

int uwsgi_simple_sendfile(wsgi_request *request, int fd, size_t pos, size_t len) {
  return uwsgi_response_sendfile_do_can_close(request, fd, pos, len, 0);
}

}  // extern "C"
