#include "gateway.h"

#include <dirent.h>
#include <sys/random.h>
#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "board.h"
#include "gateway_process.h"
#include "http_protocol.h"
#include "options.h"
#include "stats_server.h"
#include "subscriptions.h"
#include "trusted_proxies.h"

namespace mortise::http {

namespace {

std::vector<Listener> listeners;
// One for each worker: the gateway decides which worker gets a request, because it knows who is free.
std::vector<uwsgi_socket *> worker_sockets;
// One for all workers, which the next generation gets as well: what a gateway that stops cannot place any
// more.
uwsgi_socket *common_socket = nullptr;
StatsServer stats;
Board board;

// hook-as-gateway, where the plugin that has it is loaded.
void run_hooks() {
  auto run = reinterpret_cast<decltype(&uwsgi_hooks_run_phase)>(dlsym(RTLD_DEFAULT, "uwsgi_hooks_run_phase"));
  if (run) run("as-gateway");
}

// "ADDRESS[,PORT]"
void bind_redirect(const std::string &value) {
  const size_t comma = value.find(',');
  listeners.push_back(Listener::bind(value.substr(0, comma).c_str()));
  listeners.back().redirect_to(comma == value.npos ? "" : value.substr(comma + 1));
}

constexpr std::string_view kCommonName = "http-waiting-";

// "@http-waiting-…" of the generation before; "": there was none. What this process was given cannot be
// somebody else's, where a name that can be told in advance could.
std::string inherited_common() {
  DIR *folder = uwsgi_generation() ? opendir("/proc/self/fd") : nullptr;
  std::string found;
  while (const dirent *entry = folder && found.empty() ? readdir(folder) : nullptr) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    if (getsockname(atoi(entry->d_name), reinterpret_cast<sockaddr *>(&address), &size)) continue;
    const size_t head = offsetof(sockaddr_un, sun_path) + 1;
    if (address.sun_family != AF_UNIX || size <= head || address.sun_path[0]) continue;
    const std::string_view name(address.sun_path + 1, size - head);
    if (name.starts_with(kCommonName)) found = "@" + std::string(name);
  }
  if (folder) closedir(folder);
  return found;
}

void add_common_socket() {
  std::string name = inherited_common();
  uint64_t random = 0;
  if (name.empty() && getrandom(&random, sizeof random, 0) != sizeof random) return;
  char hex[20];
  snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(random));
  if (name.empty()) name = "@" + std::string(kCommonName) + hex;
  common_socket = uwsgi_new_internal_socket(kGatewayProtocol);
  common_socket->name = uwsgi_str(name.c_str());
  common_socket->name_len = static_cast<int>(name.size());
}

void run_gateway(int id, void *) {
  run_hooks();
  board.take_row(id);
  auto gateway = std::make_unique<Gateway>(listeners, stats, board, uwsgi_stop_fd());
  for (size_t i = 0; i < worker_sockets.size(); ++i)
    gateway->dispatcher.add_worker(static_cast<int>(i) + 1, worker_sockets[i]->name);
  if (common_socket) gateway->dispatcher.set_common(common_socket->name);
  subscriptions.start(
      &gateway->loop, id, [](void *data) { static_cast<Gateway *>(data)->dispatcher.retry_waiting(); },
      gateway.get());
  std::string targets;
  for (const uwsgi_string_list *server = options.to; server; server = server->next) {
    gateway->dispatcher.add_server(server->value);
    targets += (targets.empty() ? "to " : ", ") + std::string(server->value);
  }
  if (subscriptions.wanted())
    targets += (targets.empty() ? "" : ", else ") + std::string("to those who announce themselves");
  if (targets.empty())
    targets = std::to_string(uwsgi.numproc) + (uwsgi.numproc == 1 ? " worker" : " workers");
  uwsgi_process_ready();
  if (id == 1)
    for (const Listener &listener : listeners)
      uwsgi_log_verbose("http gateway on %s (%s)\n", listener.url().c_str(), targets.c_str());
  gateway->run();
  subscriptions.stop();
}

}  // namespace

int prepare_gateway() {
  read_trusted_proxies();
  for (const uwsgi_string_list *address = options.gateways; address; address = address->next)
    listeners.push_back(Listener::bind(address->value));
  for (const WantedListener &wanted : wanted_listeners())
    listeners.push_back(Listener::bind(wanted.address.c_str(), wanted.transport));
  for (const uwsgi_string_list *item = options.to_https; item; item = item->next) bind_redirect(item->value);
  if (listeners.empty()) return 0;
  subscriptions.prepare(std::max(options.processes, 1));
  if (!options.to && !subscriptions.wanted()) {
    for (int worker = 1; worker <= uwsgi.numproc; ++worker)
      worker_sockets.push_back(uwsgi_new_internal_socket(kGatewayProtocol));
    add_common_socket();
  }
  const int processes = std::max(options.processes, 1);
  board.create(processes, uwsgi.numproc);
  for (const uwsgi_string_list *address = options.stats; address; address = address->next)
    stats.bind(address->value);
  const uwsgi_process_role role = {.name = "http",
                                   .instances = processes,
                                   .body = run_gateway,
                                   .data = nullptr,
                                   .stop_first = 1,
                                   .required = 1};
  return uwsgi_register_process(&role);
}

void leave_gateway_to_itself() {
  if (uwsgi.mywid == 0) return;
  for (Listener &listener : listeners) listener.close();
  stats.close();
  for (size_t i = 0; i < worker_sockets.size(); ++i) {
    if (static_cast<int>(i) + 1 == uwsgi.mywid) continue;
    close(worker_sockets[i]->fd);
    worker_sockets[i]->fd = -1;
  }
}

}  // namespace mortise::http
