#include "options.h"

#include <string_view>

namespace mortise::http {

namespace {

bool means_off(const char *value) {
  std::string_view text = value ? value : "";
  return text == "false" || text == "0" || text == "no" || text == "off";
}

}  // namespace

constinit Options options;

void add_http_socket(char *, char *value, void *) {
  static char protocol[] = "http";
  uwsgi_new_socket(value)->proto_name = protocol;
}

void set_keepalive(char *, char *value, void *) {
  int seconds = means_off(value) ? 0 : value ? atoi(value) : 0;
  // uWSGI's value 1 is a switch, as are "true" and the bare name.
  if (seconds > 1 || means_off(value)) options.keepalive = seconds;
}

void set_switch(char *, char *value, void *flag) {
  *static_cast<int *>(flag) = !means_off(value);
}

void accept_always_on(char *name, char *value, void *) {
  if (means_off(value)) uwsgi_log_verbose("option --%s: always on here, '%s' changes nothing\n", name, value);
}

}  // namespace mortise::http
