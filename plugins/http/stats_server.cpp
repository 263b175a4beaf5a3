#include "stats_server.h"

#include <array>

#include "gateway_process.h"

namespace mortise::http {

namespace {

class Json {
 public:
  Json &open(char bracket) { return comma(), text_ += bracket, first_ = true, *this; }
  Json &close(char bracket) { return text_ += bracket, first_ = false, *this; }
  Json &key(const char *name) {
    string(name);
    text_ += ':';
    first_ = true;
    return *this;
  }
  Json &number(uint64_t value) { return comma(), text_ += std::to_string(value), *this; }
  Json &string(std::string_view value) {
    comma();
    text_ += '"';
    for (char byte : value) {
      if (byte == '"' || byte == '\\') text_ += '\\';
      if (static_cast<unsigned char>(byte) >= ' ') text_ += byte;
    }
    text_ += '"';
    return *this;
  }
  Json &add(const char *name, uint64_t value) { return key(name).number(value); }
  Json &add(const char *name, std::string_view value) { return key(name).string(value); }
  const std::string &text() const { return text_; }

 private:
  void comma() {
    if (!first_) text_ += ',';
    first_ = false;
  }
  std::string text_;
  bool first_ = true;
};

std::string describe(Gateway &gateway) {
  Board &board = gateway.board;
  auto sum = [&board](auto member) {
    uint64_t total = 0;
    for (int i = 0; i < board.processes(); ++i)
      total += (board.of(i).*member).load(std::memory_order_relaxed);
    return total;
  };
  Json json;
  json.open('{').add("version", "mortise").add("pid", static_cast<uint64_t>(getpid()));
  json.add("uid", getuid()).add("gid", getgid()).add("cwd", uwsgi.cwd ? uwsgi.cwd : "");
  json.add("active_sessions", sum(&GatewayFigures::clients));
  json.key("http").open('[');
  for (const Listener &listener : gateway.listeners()) json.string(listener.name());
  json.close(']').key("subscriptions").open('[').close(']').add("cheap", 0);
  json.add("processes", static_cast<uint64_t>(board.processes()));
  json.add("connections", sum(&GatewayFigures::connections)).add("requests", sum(&GatewayFigures::requests));
  json.add("refused", sum(&GatewayFigures::refused)).add("files", sum(&GatewayFigures::files));
  json.key("answers").open('{');
  constexpr std::array kClasses = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (size_t i = 1; i < kClasses.size(); ++i) {
    uint64_t total = 0;
    for (int process = 0; process < board.processes(); ++process)
      total += board.of(process).answers[i].load(std::memory_order_relaxed);
    json.add(kClasses[i], total);
  }
  json.close('}').add("bad_gateway", sum(&GatewayFigures::bad_gateway));
  json.add("unavailable", sum(&GatewayFigures::unavailable))
      .add("timed_out", sum(&GatewayFigures::timed_out));
  json.add("retried", sum(&GatewayFigures::retried)).add("upgraded", sum(&GatewayFigures::upgraded));
  json.add("rx", sum(&GatewayFigures::received_bytes)).add("tx", sum(&GatewayFigures::sent_bytes));
  json.add("waiting", board.waiting());
  json.key("nodes").open('[');
  gateway.dispatcher.for_each([&json](const Backend &backend, int busy) {
    json.open('{').add("name", backend.name).add("busy", static_cast<uint64_t>(busy));
    json.add("idle_connections", backend.idle.size())
        .add("requests", backend.requests)
        .add("failures", backend.failures)
        .close('}');
  });
  json.close(']').close('}');
  return json.text() + "\n";
}

}  // namespace

void StatsServer::bind(const char *address) {
  char *name = nullptr;
  fds_.push_back(uwsgi_bind_or_exit(address, &name));
  uwsgi_socket_nb(fds_.back());
  uwsgi_log_verbose("http stats on %s\n", name);
  free(name);
}

void StatsServer::start(Gateway &gateway) {
  gateway_ = &gateway;
  for (int fd : fds_) {
    UvHandle<uv_poll_t> poll(new uv_poll_t);
    if (uv_poll_init(&gateway.loop, poll.get(), fd)) {
      delete poll.release();
      continue;
    }
    poll->data = this;
    uv_poll_start(poll.get(), UV_READABLE, [](uv_poll_t *handle, int, int) {
      uv_os_fd_t listener = -1;
      uv_fileno(reinterpret_cast<uv_handle_t *>(handle), &listener);
      static_cast<StatsServer *>(handle->data)->answer(listener);
    });
    polls_.push_back(std::move(poll));
  }
}

// The text is far smaller than a socket's buffer: who does not read it holds nobody.
void StatsServer::answer(int listener) {
  int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  std::string text = describe(*gateway_);
  if (uwsgi.stats_http)
    text =
        "HTTP/1.0 200 OK\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: "
        "application/json\r\nContent-Length: " +
        std::to_string(text.size()) + "\r\n\r\n" + text;
  uwsgi_write_nb(fd, text.data(), text.size(), 1);
  shutdown(fd, SHUT_WR);
  // What the client may have sent is taken: closing with it unread would destroy the answer.
  char dropped[4096];
  while (read(fd, dropped, sizeof dropped) > 0) continue;
  ::close(fd);
}

void StatsServer::close() {
  for (int fd : fds_) ::close(fd);
  fds_.clear();
}

}  // namespace mortise::http
