// Pushes statistics to carbon servers: the options, the servers and whether each of them had the report.
#include <uwsgi.h>

#include <memory>

#include "report.h"

namespace mortise::carbon {

namespace {

struct Server {
  std::string host, port;
  bool missed = false;  // the last report, which is sent again
};

Options options;
std::vector<Server> servers;
std::unique_ptr<Report> report;
std::string last_text;
uwsgi_stats_pusher *pusher = nullptr;

std::string with_dots_replaced(std::string text, char by) {
  for (char &c : text)
    if (c == '.') c = by;
  return text;
}

IdleAverage idle_average() {
  const std::string_view name = options.idle_average ? options.idle_average : "last";
  if (name == "last") return IdleAverage::kLast;
  if (name == "zero") return IdleAverage::kZero;
  if (name == "none") return IdleAverage::kNone;
  uwsgi_log("carbon-idle-avg = %s: there are last, zero and none\n", options.idle_average);
  exit(1);
}

void add_server(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == 0 || colon == address.npos || colon + 1 == address.size()) {
    uwsgi_log("carbon = %.*s: write carbon = HOST:PORT (left out)\n", static_cast<int>(address.size()),
              address.data());
    return;
  }
  servers.push_back({std::string(address.substr(0, colon)), std::string(address.substr(colon + 1))});
}

std::string prefix() {
  std::string root = options.root ? options.root : "uwsgi";
  if (!root.empty() && root.back() != '.') root += '.';
  std::string host = uwsgi.hostname;
  if (options.hostname_dots && *options.hostname_dots)
    host = with_dots_replaced(host, *options.hostname_dots);
  const std::string id =
      options.id ? options.id : with_dots_replaced(uwsgi.sockets ? uwsgi.sockets->name : "", '_');
  return root + host + "." + id + ".";
}

bool deliver(const Server &server, const std::string &text) {
  std::string host = server.host;
  if (options.resolve_names) {
    char *address = uwsgi_resolve_ip(host.c_str());
    if (!address) return false;
    host = address;
    free(address);
  }
  const int fd = uwsgi_connect((host + ":" + server.port).c_str(), options.timeout_s, 0);
  if (fd < 0) return false;
  const bool good = uwsgi_write_nb(fd, text.data(), text.size(), options.timeout_s) == 0;
  close(fd);
  return good;
}

void push(uwsgi_stats_pusher_instance *instance, time_t now, char *, size_t) {
  if (!report) return;
  const bool again = instance->retries > 0;
  if (!again) last_text = report->write(now);
  bool missed = false;
  for (Server &server : servers) {
    if (again && !server.missed) continue;
    server.missed = !deliver(server, last_text);
    if (server.missed)
      uwsgi_log("carbon: %s:%s: %s (%s)\n", server.host.c_str(), server.port.c_str(), strerror(errno),
                instance->max_retries > instance->retries ? "tried again" : "this report is lost");
    missed |= server.missed;
  }
  instance->needs_retry = missed;
}

void register_pusher() {
  pusher = uwsgi_register_stats_pusher("carbon", push);
}

void start() {
  for (uwsgi_string_list *item = options.servers; item; item = item->next) add_server(item->value);
  if (servers.empty()) return;
  if (options.freq_s < 1) options.freq_s = 60;
  report = std::make_unique<Report>(options, idle_average(), prefix());
  uwsgi_stats_pusher_instance *instance = uwsgi_stats_pusher_add(pusher, nullptr);
  instance->freq = options.freq_s;
  instance->retry_delay = options.retry_delay_s;
  instance->max_retries = options.max_retries;
  instance->raw = 1;
}

#define NUMBER(name, help, variable) \
  { name, required_argument, 0, help, uwsgi_opt_set_int, &options.variable, 0 }
#define TEXT(name, help, variable) \
  { name, required_argument, 0, help, uwsgi_opt_set_str, &options.variable, 0 }
#define FLAG(name, help, variable, flags) \
  { name, no_argument, 0, help, uwsgi_opt_true, &options.variable, flags }

uwsgi_option option_rows[] = {
    {"carbon", required_argument, 0, "push statistics to the carbon server HOST:PORT",
     uwsgi_opt_add_string_list, &options.servers, UWSGI_OPT_MASTER},
    NUMBER("carbon-freq", "seconds between two pushes (default 60)", freq_s),
    NUMBER("carbon-timeout", "seconds that a connection may take (default 3)", timeout_s),
    NUMBER("carbon-max-retry", "how often a push that failed is tried again (default 0)", max_retries),
    NUMBER("carbon-retry-delay", "seconds before it is (default 7)", retry_delay_s),
    TEXT("carbon-id", "this server's name (default: that of its first socket)", id),
    TEXT("carbon-root", "what all names begin with (default uwsgi)", root),
    TEXT("carbon-hostname-dots", "a character in place of dots in the host's name", hostname_dots),
    TEXT("carbon-idle-avg", "averages without requests: last, zero or none (default last)", idle_average),
    FLAG("carbon-no-workers", "nothing about single workers", no_workers, 0),
    FLAG("carbon-name-resolve", "servers may be host names", resolve_names, 0),
    FLAG("carbon-resolve-names", "servers may be host names", resolve_names, 0),
    FLAG("carbon-use-metrics", "push the metrics instead", use_metrics, UWSGI_OPT_METRICS),
    UWSGI_END_OF_OPTIONS};

}  // namespace

}  // namespace mortise::carbon

uwsgi_plugin carbon_plugin = {
    .name = "carbon",
    .on_load = mortise::carbon::register_pusher,
    .post_init = mortise::carbon::start,
    .options = mortise::carbon::option_rows,
};
