// add-header, del-header, collect-header, pull-header: what is done to the headers of every response just
// before its head is sent.
#include <uwsgi.h>

#include <strings.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::headers {
namespace {

struct Collected {
  std::string name, variable;
  bool dropped;
};

// Filled by option callbacks in the master, read-only after the fork.
std::vector<std::string> added, dropped;
std::vector<Collected> collected;
int (*routes_before)(wsgi_request *) = nullptr;

[[noreturn]] void refuse(const char *option, const char *value, const char *form) {
  uwsgi_log("error: %s = %s: it is written %s\n", option, value, form);
  uwsgi_exit(64);
}

void add(char *option, char *value, void *) {
  const char *colon = strchr(value, ':');
  if (!colon || colon == value || strpbrk(value, "\r\n")) refuse(option, value, "Name: value");
  added.emplace_back(value);
}

void drop(char *option, char *value, void *) {
  if (!*value || strpbrk(value, ": \r\n")) refuse(option, value, "as the name alone");
  dropped.emplace_back(value);
}

void collect(char *option, char *value, void *pulled) {
  const char *space = strchr(value, ' ');
  if (!space || space == value || !space[1] || strchr(space + 1, ' ')) refuse(option, value, "Name VARIABLE");
  collected.push_back({std::string(value, static_cast<size_t>(space - value)), space + 1, pulled != nullptr});
}

// The value of the first line of this header in a head that is not sent yet; no data(): it has none.
std::string_view value_in(std::string_view head, std::string_view name) {
  for (size_t end = head.find("\r\n"); end != head.npos;) {
    const size_t line = end + 2;
    end = head.find("\r\n", line);
    if (end == head.npos) break;
    if (end - line <= name.size() || head[line + name.size()] != ':' ||
        strncasecmp(head.data() + line, name.data(), name.size()) != 0)
      continue;
    std::string_view value = head.substr(line + name.size() + 1, end - line - name.size() - 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    return value;
  }
  return {};
}

int rewrite_head(wsgi_request *request) {
  if (routes_before && routes_before(request) == UWSGI_ROUTE_BREAK) return UWSGI_ROUTE_BREAK;
  for (const Collected &wanted : collected) {
    const std::string_view value = value_in({request->headers->buf, request->headers->pos}, wanted.name);
    if (!value.data()) continue;
    uwsgi_req_append(request, wanted.variable.data(), static_cast<uint16_t>(wanted.variable.size()),
                     value.data(), static_cast<uint16_t>(std::min<size_t>(value.size(), UINT16_MAX)));
    if (wanted.dropped)
      uwsgi_remove_header(request, const_cast<char *>(wanted.name.data()),
                          static_cast<uint16_t>(wanted.name.size()));
  }
  for (const std::string &name : dropped)
    uwsgi_remove_header(request, const_cast<char *>(name.data()), static_cast<uint16_t>(name.size()));
  for (const std::string &line : added)
    uwsgi_additional_header_add(request, const_cast<char *>(line.data()), static_cast<uint16_t>(line.size()));
  return UWSGI_ROUTE_NEXT;
}

// When all plugins have started, so that response routes come first.
void post_init() {
  if (added.empty() && dropped.empty() && collected.empty()) return;
  routes_before = uwsgi.response_route;
  uwsgi.response_route = rewrite_head;
}

char pulled;  // its address tells pull-header from collect-header

uwsgi_option options[] = {
    {"add-header", required_argument, 0, "add this header to every response: Name: value", add, nullptr, 0},
    {"del-header", required_argument, 0, "remove this header from every response", drop, nullptr, 0},
    {"rem-header", required_argument, 0, "same as del-header", drop, nullptr, 0},
    {"collect-header", required_argument, 0, "keep a response header in a request variable: Name VARIABLE",
     collect, nullptr, 0},
    {"response-header-collect", required_argument, 0, "same as collect-header", collect, nullptr, 0},
    {"pull-header", required_argument, 0, "collect-header that takes it out of the response", collect,
     &pulled, 0},
    UWSGI_END_OF_OPTIONS};

}  // namespace
}  // namespace mortise::headers

uwsgi_plugin headers_plugin = {
    .name = "headers",
    .post_init = [] { mortise::headers::post_init(); },
    .options = mortise::headers::options,
};
