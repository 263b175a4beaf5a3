#include "options.h"

#include <strings.h>

#include <algorithm>
#include <initializer_list>

#include "server_address.h"

namespace mortise::http {

namespace {

bool is_any(const char *value, std::initializer_list<const char *> words) {
  return std::any_of(words.begin(), words.end(),
                     [value](const char *word) { return strcasecmp(value, word) == 0; });
}

bool means_off(const char *value) {
  return value && is_any(value, {"false", "0", "no", "off"});
}

[[noreturn]] void refuse(const char *name, const char *value, const char *why) {
  uwsgi_log("error: %s = '%s': %s\n", name, value, why);
  uwsgi_exit(64);
}

}  // namespace

constinit Options options;

void add_http_socket(char *, char *value, void *) {
  static char protocol[] = "http";
  uwsgi_new_socket(value)->proto_name = protocol;
}

void set_keepalive(char *name, char *value, void *) {
  // uWSGI's value 1 is a switch, as are "true" and the bare name.
  if (!value || is_any(value, {"", "true", "1", "yes", "on"})) return;
  if (means_off(value))
    options.keepalive = 0;
  else
    uwsgi_opt_set_int(name, value, &options.keepalive);
}

void set_modifier(char *name, char *value, void *modifier) {
  int number = 0;
  uwsgi_opt_set_int(name, value, &number);
  if (number > UINT8_MAX) refuse(name, value, "out of range (from 0 to 255)");
  *static_cast<int *>(modifier) = number;
}

void add_variable(char *name, char *value, void *) {
  if (!*value || *value == '=') refuse(name, value, "the variable has no name (write NAME=VALUE)");
  uwsgi_string_new_list(&options.vars, value);
}

void add_server(char *name, char *value, void *) {
  if (auto why = why_no_server_address(value); !why.empty()) refuse(name, value, why.c_str());
  uwsgi_string_new_list(&options.to, value);
}

void set_switch(char *, char *value, void *flag) {
  *static_cast<int *>(flag) = !means_off(value);
}

void accept_always_on(char *name, char *value, void *) {
  if (means_off(value)) uwsgi_log_verbose("option --%s: always on here, '%s' changes nothing\n", name, value);
}

}  // namespace mortise::http
