// The variables of templates that take an argument: ${cookie[name]}, ${qs[name]}, ${time[unix]} and so on.
#include <cinttypes>
#include <cstdio>
#include <string>

#include "action.h"
#include "arithmetic.h"

namespace mortise::routing {

namespace {

// Texts that are made here live until the thread makes the next one: the engine copies them at once.
char *keep(std::string text, uint16_t *len) {
  static thread_local std::string kept;
  kept = std::move(text);
  if (kept.size() > UINT16_MAX) kept.resize(UINT16_MAX);
  *len = static_cast<uint16_t>(kept.size());
  return kept.data();
}

std::string_view variable(wsgi_request *request, const char *name, uint16_t name_len) {
  uint16_t len = 0;
  const char *value = uwsgi_get_var(request, name, name_len, &len);
  return value ? std::string_view(value, len) : std::string_view{};
}

char *cookie(wsgi_request *request, char *name, uint16_t name_len, uint16_t *len) {
  return uwsgi_get_cookie(request, name, name_len, len);
}

char *query_value(wsgi_request *request, char *name, uint16_t name_len, uint16_t *len) {
  return uwsgi_get_qs(request, name, name_len, len);
}

char *mime_type(wsgi_request *request, char *name, uint16_t name_len, uint16_t *len) {
  const std::string_view path = variable(request, name, name_len);
  size_t type_len = 0;
  char *type = uwsgi_get_mime_type(const_cast<char *>(path.data()), static_cast<int>(path.size()), &type_len);
  *len = static_cast<uint16_t>(type_len);
  return type;
}

// time[unix], time[micros]
char *now(wsgi_request *, char *unit, uint16_t unit_len, uint16_t *len) {
  const std::string_view what(unit, unit_len);
  if (what == "unix") return keep(std::to_string(uwsgi_now()), len);
  if (what == "micros") return keep(std::to_string(uwsgi_micros()), len);
  return nullptr;
}

// httptime[seconds from now]
char *http_time(wsgi_request *, char *seconds, uint16_t seconds_len, uint16_t *len) {
  char date[64];
  const long offset = strtol(std::string(seconds, seconds_len).c_str(), nullptr, 10);
  const int size = uwsgi_http_date(uwsgi_now() + offset, date);
  return size > 0 ? keep(std::string(date, static_cast<size_t>(size)), len) : nullptr;
}

char *math(wsgi_request *request, char *expression, uint16_t expression_len, uint16_t *len) {
  auto result = evaluate({expression, expression_len}, [request](std::string_view name) {
    return strtod(std::string(variable(request, name.data(), static_cast<uint16_t>(name.size()))).c_str(),
                  nullptr);
  });
  if (!result) return nullptr;
  char text[32];
  snprintf(text, sizeof text, "%" PRId64, static_cast<int64_t>(*result));
  return keep(text, len);
}

char *base64(wsgi_request *request, char *name, uint16_t name_len, uint16_t *len) {
  const std::string_view value = variable(request, name, name_len);
  size_t size = 0;
  char *encoded = uwsgi_base64_encode(value.data(), value.size(), &size);
  if (!encoded) return nullptr;
  std::string text(encoded, size);
  free(encoded);
  return keep(std::move(text), len);
}

char *hex(wsgi_request *request, char *name, uint16_t name_len, uint16_t *len) {
  std::string text;
  for (char byte : variable(request, name, name_len)) {
    text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
    text += "0123456789abcdef"[byte & 0xf];
  }
  return keep(std::move(text), len);
}

template <int (*change)(int)>
char *changed(wsgi_request *request, char *name, uint16_t name_len, uint16_t *len) {
  std::string text(variable(request, name, name_len));
  for (char &c : text)
    if (static_cast<unsigned char>(c) < 0x80) c = static_cast<char>(change(c));
  return keep(std::move(text), len);
}

char *stripped(wsgi_request *request, char *name, uint16_t name_len, uint16_t *len) {
  std::string_view text = variable(request, name, name_len);
  const size_t begin = text.find_first_not_of(" \t\r\n"), end = text.find_last_not_of(" \t\r\n");
  return begin == text.npos ? nullptr : keep(std::string(text.substr(begin, end - begin + 1)), len);
}

// uwsgi[what]: of the server and of this request.
char *server(wsgi_request *request, char *name, uint16_t name_len, uint16_t *len) {
  const std::string_view what(name, name_len);
  if (what == "wid") return keep(std::to_string(uwsgi.mywid), len);
  if (what == "pid") return keep(std::to_string(getpid()), len);
  if (what == "status") return keep(std::to_string(request->status), len);
  if (what == "core") return keep(std::to_string(request->async_id), len);
  if (what == "rtime") return keep(std::to_string(uwsgi_micros() - request->start_of_request), len);
  if (what == "lq") return keep(std::to_string(uwsgi.shared ? uwsgi.shared->backlog : 0), len);
  if (what == "rsize") return keep(std::to_string(request->response_size), len);
  if (what == "sor") return keep(std::to_string(request->start_of_request), len);
  if (what == "uuid") {
    char text[37];
    uwsgi_uuid(text);
    return keep(text, len);
  }
  return nullptr;
}

constexpr struct {
  const char *name;
  char *(*value)(wsgi_request *, char *, uint16_t, uint16_t *);
} kVariables[] = {
    {"cookie", cookie},          {"qs", query_value},
    {"mime", mime_type},         {"time", now},
    {"httptime", http_time},     {"math", math},
    {"base64", base64},          {"hex", hex},
    {"upper", changed<toupper>}, {"lower", changed<tolower>},
    {"strip", stripped},         {"uwsgi", server},
};

}  // namespace

void register_variables() {
  for (const auto &known : kVariables) uwsgi_register_route_var(known.name, known.value);
}

}  // namespace mortise::routing
