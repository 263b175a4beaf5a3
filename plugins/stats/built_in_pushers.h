// The pushers that need no plugin. Each configures itself at its first call, from the instance's argument.
#pragma once

#include <uwsgi.h>

#include <string>

namespace mortise::stats {

// file, socket, statsd, zabbix. [load]
void add_built_in_pushers();

using PushFunction = void(uwsgi_stats_pusher_instance *, time_t now, char *json, size_t len);
PushFunction push_file, push_socket, push_statsd, push_zabbix;

// "address[,prefix]", the prefix being "uwsgi" by default.
struct Destination {
  std::string address;
  std::string prefix;
};
Destination parse_destination(const char *arg, const char *default_address);

// Calls visit(metric, value) for each, and resets those that are reset after a push.
template <typename Visit>
void for_each_metric(Visit visit) {
  for (uwsgi_metric *metric = uwsgi.metrics; metric; metric = metric->next) {
    const int64_t value = metric->reset_after_push
                              ? __atomic_exchange_n(metric->value, metric->initial_value, __ATOMIC_RELAXED)
                              : __atomic_load_n(metric->value, __ATOMIC_RELAXED);
    visit(*metric, value);
  }
}

// The packet of Zabbix' sender protocol: "ZBXD", 1, a length of 8 bytes, JSON.
std::string zabbix_packet(const std::string &json);

// `zabbix-template`: an XML file with an item for each metric. [master]
void write_zabbix_template(const char *path);

}  // namespace mortise::stats
