// expires: an Expires header (RFC 9111 §5.3): the time of a file or a moment, and so many seconds.
#include <sys/stat.h>

#include <charconv>
#include <cstring>

#include "action.h"
#include "key_values.h"

namespace mortise::routing {

namespace {

struct Moment {
  Value file, unix_time, seconds;
};

int64_t number(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

int add_expires(wsgi_request *request, uwsgi_route *route) {
  const auto &moment = *static_cast<const Moment *>(route->data2);
  int64_t when = 0;
  if (moment.file) {
    Expanded path(request, route, moment.file.view());
    struct stat info {};
    if (stat(path.c_str(), &info)) return UWSGI_ROUTE_NEXT;
    when = info.st_mtime;
  } else if (moment.unix_time) {
    when = number(Expanded(request, route, moment.unix_time.view()).view());
  } else {
    when = uwsgi_now();
  }
  if (moment.seconds) when += number(Expanded(request, route, moment.seconds.view()).view());
  char line[64] = "Expires: ";
  const size_t name = strlen(line);
  const int len = uwsgi_http_date(static_cast<time_t>(when), line + name);
  if (len > 0)
    uwsgi_additional_header_add(request, line, static_cast<uint16_t>(name + static_cast<size_t>(len)));
  return UWSGI_ROUTE_NEXT;
}

int set_up(uwsgi_route *route, char *args) {
  auto *moment = new Moment;
  route->data2 = moment;
  keep_args(route, args, add_expires);
  return parse_key_values(route, args, "filename", &moment->file.text, "file", &moment->file.text, "unix",
                          &moment->unix_time.text, "value", &moment->seconds.text);
}

constexpr Action kActions[] = {{"expires", set_up}};

}  // namespace

void register_expires() {
  register_actions(kActions);
}

}  // namespace mortise::routing
