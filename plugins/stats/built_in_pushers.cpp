#include "built_in_pushers.h"

#include <cstring>

namespace mortise::stats {

Destination parse_destination(const char *arg, const char *default_address) {
  const std::string text = arg && *arg ? arg : default_address;
  const size_t comma = text.find(',');
  if (comma == text.npos) return {text, "uwsgi"};
  return {text.substr(0, comma), text.substr(comma + 1)};
}

// `file:path=…,separator=…,freq=…`: appends the document.
void push_file(uwsgi_stats_pusher_instance *instance, time_t, char *json, size_t len) {
  struct Target {
    char *path = nullptr, *separator = nullptr;
  };
  if (!instance->configured) {
    auto *target = new Target;
    char *freq = nullptr;
    if (instance->arg && *instance->arg &&
        uwsgi_kvlist_parse_strict(instance->arg, strlen(instance->arg), ',', '=', "path", &target->path,
                                  "separator", &target->separator, "freq", &freq, nullptr))
      uwsgi_log("stats-push = file:%s: it has an unknown key; there are path, separator, freq\n",
                instance->arg);
    if (freq) instance->freq = atoi(freq);
    free(freq);
    instance->data = target;
    instance->configured = 1;
  }
  const auto *target = static_cast<Target *>(instance->data);
  const char *path = target->path ? target->path : "uwsgi.stats";
  const char *separator = target->separator ? target->separator : "\n\n";
  iovec parts[] = {{json, len}, {const_cast<char *>(separator), strlen(separator)}};
  const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0 || writev(fd, parts, 2) != static_cast<ssize_t>(len + parts[1].iov_len))
    uwsgi_log("stats-push to file %s: %s (tried again at the next push)\n", path, strerror(errno));
  if (fd >= 0) close(fd);
}

void add_built_in_pushers() {
  uwsgi_register_stats_pusher("file", push_file);
  uwsgi_register_stats_pusher("socket", push_socket)->raw = 1;
  uwsgi_register_stats_pusher("statsd", push_statsd)->raw = 1;
  uwsgi_register_stats_pusher("zabbix", push_zabbix)->raw = 1;
}

}  // namespace mortise::stats
