#include "response_length.h"

#include <cstring>

namespace mortise::transformations {

namespace {

// The line of a header, with its end; empty: there is none.
std::string_view find_line(std::string_view head, std::string_view name) {
  size_t line = head.find('\n');
  while (line != head.npos && ++line < head.size()) {
    size_t end = head.find('\n', line);
    if (end == head.npos) break;
    std::string_view text = head.substr(line, end + 1 - line);
    if (text.size() > name.size() && text[name.size()] == ':' &&
        strncasecmp(text.data(), name.data(), name.size()) == 0)
      return text;
    line = end;
  }
  return {};
}

}  // namespace

bool has_header(const uwsgi_buffer *head, std::string_view name) {
  return !find_line({head->buf ? head->buf : "", head->pos}, name).empty();
}

bool drop_header(uwsgi_buffer *head, std::string_view name) {
  if (!head->buf) return false;
  const std::string_view text(head->buf, head->pos);
  const std::string_view line = find_line(text, name);
  if (line.empty()) return false;
  const size_t begin = static_cast<size_t>(line.data() - text.data());
  memmove(head->buf + begin, head->buf + begin + line.size(), head->pos - begin - line.size());
  head->pos -= line.size();
  return true;
}

void forget_length(wsgi_request *request) {
  if (request->headers_sent || !request->has_content_length) return;
  while (drop_header(request->headers, "Content-Length")) continue;
  request->has_content_length = 0;
}

void settle_length(wsgi_request *request, size_t len) {
  if (request->headers_sent || request->headers->pos == 0 || request->status == 101) return;
  forget_length(request);
  if (request->body_less || has_header(request->headers, "Transfer-Encoding")) return;
  uwsgi_response_add_content_length(request, len);
}

}  // namespace mortise::transformations
