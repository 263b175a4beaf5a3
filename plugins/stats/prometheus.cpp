#include "prometheus.h"

#include <uwsgi.h>

#include <cinttypes>

#include "options.h"

namespace mortise::stats {

namespace {

// Collects families: a head, then one line for each set of labels.
class Text {
 public:
  void family(std::string_view name, const char *type, const char *help) {
    name_ = name;
    text_ += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
  }
  void sample(const std::string &labels, const std::string &value) {
    text_ += labels.empty() ? name_ + " " + value + "\n" : name_ + "{" + labels + "} " + value + "\n";
  }
  void sample(const std::string &labels, uint64_t value) { sample(labels, std::to_string(value)); }
  std::string take() { return std::move(text_); }

 private:
  std::string name_, text_;
};

std::string seconds(uint64_t micros) {
  char text[48];
  snprintf(text, sizeof text, "%" PRIu64 ".%06" PRIu64, micros / 1'000'000, micros % 1'000'000);
  return text;
}

std::string label(const char *name, std::string_view value) {
  return std::string(name) + "=\"" + label_value(value) + "\"";
}

void add_server(Text &text) {
  text.family("uwsgi_listen_queue_length", "gauge", "Connections that wait in the longest listen queue.");
  text.sample("", uwsgi.shared->backlog);
  text.family("uwsgi_listen_queue_errors", "gauge", "Errors of the listen queues.");
  text.sample("", uwsgi.shared->backlog_errors);
  text.family("uwsgi_workers", "gauge", "Workers that the configuration allows.");
  text.sample("", static_cast<uint64_t>(uwsgi.numproc));
}

void add_sockets(Text &text) {
  const struct {
    const char *name, *help;
    uint64_t uwsgi_socket::*value;
  } families[] = {
      {"uwsgi_socket_queue_length", "Connections that wait in the listen queue.", &uwsgi_socket::queue},
      {"uwsgi_socket_max_queue_length", "Size of the listen queue.", &uwsgi_socket::max_queue},
  };
  for (const auto &family : families) {
    text.family(family.name, "gauge", family.help);
    for (const uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
      text.sample(label("name", socket->name) + "," +
                      label("proto", socket->proto_name ? socket->proto_name : "uwsgi"),
                  socket->*family.value);
  }
}

template <typename Value>
void add_for_workers(Text &text, const char *name, const char *type, const char *help, Value value_of) {
  text.family(name, type, help);
  for (int wid = 1; wid <= uwsgi.numproc; ++wid)
    text.sample(label("worker_id", std::to_string(wid)), value_of(uwsgi.workers[wid], wid));
}

void add_workers(Text &text) {
  const struct {
    const char *name, *type, *help;
    uint64_t uwsgi_worker::*value;
  } families[] = {
      {"uwsgi_worker_requests_total", "counter", "Requests that were served.", &uwsgi_worker::requests},
      {"uwsgi_worker_delta_requests", "gauge", "Requests since the worker was started.",
       &uwsgi_worker::delta_requests},
      {"uwsgi_worker_harakiri_count_total", "counter", "Requests that took too long.",
       &uwsgi_worker::harakiri_count},
      {"uwsgi_worker_signals_total", "counter", "User signals that were handled.", &uwsgi_worker::signals},
      {"uwsgi_worker_respawn_count_total", "counter", "Times that the worker was started.",
       &uwsgi_worker::respawn_count},
      {"uwsgi_worker_transmitted_bytes_total", "counter", "Bytes of responses.", &uwsgi_worker::tx},
      {"uwsgi_worker_rss_bytes", "gauge", "Resident memory, with memory-report.", &uwsgi_worker::rss_size},
      {"uwsgi_worker_vsz_bytes", "gauge", "Virtual memory, with memory-report.", &uwsgi_worker::vsz_size},
  };
  for (const auto &family : families)
    add_for_workers(text, family.name, family.type, family.help,
                    [&](const uwsgi_worker &worker, int) { return worker.*family.value; });
  add_for_workers(text, "uwsgi_worker_exceptions_total", "counter", "Requests that ended in an exception.",
                  [](const uwsgi_worker &, int wid) { return uwsgi_worker_exceptions(wid); });
  add_for_workers(
      text, "uwsgi_worker_busy", "gauge", "1 while it serves a request.",
      [](const uwsgi_worker &, int wid) { return static_cast<uint64_t>(uwsgi_worker_is_busy(wid)); });
  add_for_workers(text, "uwsgi_worker_accepting", "gauge", "1 while it takes requests.",
                  [](const uwsgi_worker &worker, int) { return static_cast<uint64_t>(worker.accepting); });
  add_for_workers(text, "uwsgi_worker_running_time_seconds", "gauge", "Time spent in requests.",
                  [](const uwsgi_worker &worker, int) { return seconds(worker.running_time); });
  add_for_workers(text, "uwsgi_worker_average_response_time_seconds", "gauge", "Average time of a request.",
                  [](const uwsgi_worker &worker, int) { return seconds(worker.avg_response_time); });
  add_for_workers(text, "uwsgi_worker_last_spawn_time_seconds", "gauge", "When it was started, since 1970.",
                  [](const uwsgi_worker &worker, int) { return static_cast<uint64_t>(worker.last_spawn); });
}

void add_cores(Text &text) {
  if (options().no_cores) return;
  const struct {
    const char *name, *help;
    uint64_t uwsgi_core::*value;
  } families[] = {
      {"uwsgi_worker_core_requests_total", "Requests of the core.", &uwsgi_core::requests},
      {"uwsgi_worker_core_static_requests_total", "Of these, for files.", &uwsgi_core::static_requests},
      {"uwsgi_worker_core_routed_requests_total", "Of these, answered by routes.",
       &uwsgi_core::routed_requests},
      {"uwsgi_worker_core_offloaded_requests_total", "Of these, offloaded.", &uwsgi_core::offloaded_requests},
      {"uwsgi_worker_core_write_errors_total", "Clients that were gone.", &uwsgi_core::write_errors},
      {"uwsgi_worker_core_read_errors_total", "Bodies that did not come.", &uwsgi_core::read_errors},
  };
  for (const auto &family : families) {
    text.family(family.name, "counter", family.help);
    for (int wid = 1; wid <= uwsgi.numproc; ++wid)
      for (int core = 0; core < uwsgi.cores; ++core)
        text.sample(label("worker_id", std::to_string(wid)) + "," + label("core_id", std::to_string(core)),
                    uwsgi.workers[wid].cores[core].*family.value);
  }
}

bool is_of_the_server(std::string_view name) {
  return name.starts_with("core.") || name.starts_with("worker.") || name.starts_with("socket.");
}

// The metrics of applications and plugins; those of the server are in the families above.
void add_metrics(Text &text) {
  if (!uwsgi.has_metrics || options().no_metrics) return;
  for (const uwsgi_metric *metric = uwsgi.metrics; metric; metric = metric->next) {
    if (is_of_the_server(metric->name) || metric->type == UWSGI_METRIC_ALIAS) continue;
    text.family(prometheus_name(metric->name), metric->type == UWSGI_METRIC_COUNTER ? "counter" : "gauge",
                label_value(metric->name).c_str());
    text.sample("", std::to_string(__atomic_load_n(metric->value, __ATOMIC_RELAXED)));
  }
}

}  // namespace

std::string prometheus_name(std::string_view metric) {
  std::string name = "uwsgi_metric_";
  for (const char c : metric) name += isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

std::string prometheus_text() {
  uwsgi_sample_listen_queues();
  uwsgi_sample_workers();
  Text text;
  for (auto part : {add_server, add_sockets, add_workers, add_cores, add_metrics}) part(text);
  return text.take();
}

}  // namespace mortise::stats
