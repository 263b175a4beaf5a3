#include "server.h"

#include <uwsgi.h>

#include <list>
#include <string>
#include <vector>

#include "http.h"
#include "options.h"
#include "prometheus.h"

namespace mortise::stats {

namespace {

constexpr size_t kMostClients = 128;
constexpr uint64_t kClientMicros = 10'000'000;  // that a client may take in all
constexpr uint64_t kSilentMicros = 1'000'000;   // after which one that asks nothing gets the JSON document

enum class Speech { kRaw, kHttp, kPrometheus };

struct Listener {
  int fd;
  Speech speech;
};

std::vector<Listener> &listeners() {
  static std::vector<Listener> all;
  return all;
}

struct Client {
  int fd;
  Speech speech;
  uint64_t since;
  std::string input, output;
  size_t sent = 0;
  bool answered = false;
  bool done = false;
};

std::string json_document() {
  uwsgi_stats *stats = uwsgi_master_generate_stats();
  if (!stats) return {};
  std::string text(stats->base, stats->pos);
  uwsgi_stats_free(stats);
  return text;
}

std::string answer(Wanted wanted) {
  switch (wanted) {
    case Wanted::kPrometheus:
      return answer_head("200 OK", "text/plain; version=0.0.4; charset=utf-8") + prometheus_text();
    case Wanted::kJson:
      return answer_head("200 OK", "application/json") + json_document();
    default:
      return answer_head("400 Bad Request", "text/plain");
  }
}

void prepare(Client &client, Wanted wanted) {
  if (client.speech == Speech::kPrometheus && wanted == Wanted::kJson) wanted = Wanted::kPrometheus;
  client.output = client.speech == Speech::kRaw ? json_document() : answer(wanted);
  client.answered = true;
}

void receive(Client &client) {
  char bytes[4096];
  const ssize_t len = recv(client.fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (len < 0 && errno == EAGAIN) return;
  if (len > 0) client.input.append(bytes, static_cast<size_t>(len));
  const Wanted wanted = len > 0 ? read_request_line(client.input) : Wanted::kJson;
  if (wanted != Wanted::kMore) prepare(client, wanted);
}

void transmit(Client &client) {
  while (client.sent < client.output.size()) {
    const ssize_t len = send(client.fd, client.output.data() + client.sent,
                             client.output.size() - client.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (len < 0 && errno == EAGAIN) return;
    if (len < 0) break;
    client.sent += static_cast<size_t>(len);
  }
  // A close with input unread would reset the connection, and the client would lose the end of the answer.
  shutdown(client.fd, SHUT_WR);
  char rest[4096];
  while (recv(client.fd, rest, sizeof rest, MSG_DONTWAIT) > 0) {
  }
  client.done = true;
}

void turn(Client &client, short events, uint64_t now) {
  if (!client.answered && events) receive(client);
  if (!client.answered && now - client.since > kSilentMicros) prepare(client, Wanted::kJson);
  if (client.answered) transmit(client);
  if (now - client.since > kClientMicros) client.done = true;
}

void accept_clients(const Listener &listener, std::list<Client> &clients, uint64_t now) {
  while (clients.size() < kMostClients) {
    const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    clients.push_back({fd, listener.speech, now, {}, {}});
    if (listener.speech == Speech::kRaw) prepare(clients.back(), Wanted::kJson);
  }
}

void bind_all(uwsgi_string_list *addresses, Speech speech, const char *what) {
  for (; addresses; addresses = addresses->next) {
    char *name = nullptr;
    const int fd = uwsgi_bind_or_exit(addresses->value, &name);
    listeners().push_back({fd, speech});
    if (uwsgi_generation() == 0) uwsgi_log_initial("%s on %s\n", what, name);
    free(name);
  }
}

}  // namespace

void bind_addresses() {
  if (options().addresses) uwsgi.stats = options().addresses->value;
  bind_all(options().addresses, uwsgi.stats_http ? Speech::kHttp : Speech::kRaw, "statistics server");
  bind_all(options().prometheus, Speech::kPrometheus, "statistics for Prometheus");
}

bool has_addresses() {
  return !listeners().empty();
}

void run_server(int, void *) {
  uwsgi_process_ready();
  std::list<Client> clients;
  std::vector<pollfd> waiting;
  uint64_t until = 0;  // once it is to stop: those that are here are answered, others are the next one's
  while (until == 0 || (!clients.empty() && uwsgi_monotonic_micros() < until)) {
    waiting = {{until ? -1 : uwsgi_stop_fd(), POLLIN, 0}};
    const short accepting = until == 0 && clients.size() < kMostClients ? POLLIN : 0;
    for (const Listener &listener : listeners()) waiting.push_back({listener.fd, accepting, 0});
    for (const Client &client : clients)
      waiting.push_back({client.fd, short(client.answered ? POLLOUT : POLLIN), 0});
    if (poll(waiting.data(), waiting.size(), clients.empty() ? -1 : 200) < 0 && errno != EINTR) return;
    const uint64_t now = uwsgi_monotonic_micros();
    if (waiting[0].revents) until = now + kSilentMicros;
    size_t i = 1 + listeners().size();
    for (Client &client : clients) turn(client, waiting[i++].revents, now);
    for (i = 0; i < listeners().size(); ++i)
      if (until == 0 && waiting[1 + i].revents) accept_clients(listeners()[i], clients, now);
    clients.remove_if([](const Client &client) {
      if (client.done) close(client.fd);
      return client.done;
    });
  }
}

}  // namespace mortise::stats

extern "C" int uwsgi_send_http_stats(int fd) {
  // A close with the request unread would reset the connection.
  char request[4096];
  if (uwsgi_waitfd(fd, uwsgi.socket_timeout) > 0 && read(fd, request, sizeof request) < 0) return -1;
  const std::string head = mortise::stats::answer_head("200 OK", "application/json");
  return uwsgi_write_nb(fd, head.data(), head.size(), uwsgi.socket_timeout);
}
