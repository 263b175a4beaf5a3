// The connections of a worker as a whole: what clients do, in any order and any pieces, with ends, resets,
// deadlines and stops in between, against request hooks that read, write, fail and give the connection away.
// Nothing may crash, leak or stay open when everybody has gone.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/child.h"
#include "kernel/clock.h"
#include "kernel/core_loop.h"
#include "kernel/state.h"
#include "kernel/worker_loop.h"
#include "plugins/http/http_protocol.h"
#include "plugins/http/options.h"
#include "worker_connections_plugin.h"

using namespace mortise;
using namespace mortise::fuzz;

namespace {

constexpr size_t kMaxClients = 4;

// What is left of the input: steps of the form what, how many bytes, the bytes.
struct Steps {
  const uint8_t *data = nullptr;
  size_t size = 0;
  bool next(uint8_t *what, size_t *len) {
    if (size < 2) return false;
    *what = data[0];
    *len = data[1];
    data += 2;
    size -= 2;
    return true;
  }
  std::string_view take(size_t len) {
    len = std::min(len, size);
    std::string_view bytes(reinterpret_cast<const char *>(data), len);
    data += len;
    size -= len;
    return bytes;
  }
} steps;

struct Client {
  int fd;
  bool packets;
  void send(std::string_view bytes) const {
    static_cast<void>(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  void read(int pieces) const {
    static char dropped[65536];
    for (int i = 0; i < pieces && recv(fd, dropped, sizeof dropped, 0) > 0; ++i) continue;
  }
};
std::vector<Client> clients;
sockaddr_un address;
socklen_t address_len;
uwsgi_socket listeners[2];  // HTTP, the uwsgi protocol as the gateway speaks it
Fd stop_event;

void add_client(bool packets) {
  if (clients.size() == kMaxClients) return;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  address.sun_path[address_len - offsetof(sockaddr_un, sun_path) - 1] = packets ? '1' : '0';
  check(fd >= 0);
  if (connect(fd, reinterpret_cast<sockaddr *>(&address), address_len)) {
    check(errno == EAGAIN);  // too many wait already, after a stop
    close(fd);
    return;
  }
  clients.push_back({fd, packets});
}

constexpr std::string_view kPaths[] = {"/large",   "/pieces",     "/file",  "/echo",   "/lines",
                                       "/count",   "/seek",       "/fails", "/throws", "/nothing",
                                       "/upgrade", "/disconnect", "/taken", "/"};

struct Form {
  std::string_view method, version, fields, body;
};
constexpr Form kForms[] = {{"GET", "HTTP/1.1", "", ""},
                           {"GET", "HTTP/1.0", "", ""},
                           {"POST", "HTTP/1.1", "Content-Length: 5", "hello"},
                           {"POST", "HTTP/1.1", "Content-Length: 70000", "some"},
                           {"POST", "HTTP/1.1", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"},
                           {"POST", "HTTP/1.1", "Transfer-Encoding: chunked", "5\r\nhe"},
                           {"POST", "HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 3", ""},
                           {"GET", "HTTP/1.1", "Connection: close", ""}};

std::string http_request(std::string_view path, const Form &form) {
  std::string text(form.method);
  text.append(" ").append(path).append(" ").append(form.version).append("\r\nHost: a\r\n");
  if (!form.fields.empty()) text.append(form.fields).append("\r\n");
  return text.append("\r\n").append(form.body);
}

void add_text(std::string &packet, std::string_view text) {
  packet.push_back(static_cast<char>(text.size()));
  packet.push_back(0);
  packet.append(text);
}

std::string packet_request(std::string_view path, const Form &form) {
  std::string vars;
  const bool chunked = form.fields.starts_with("Transfer");
  const std::string_view length = form.fields.empty() ? "" : form.fields.substr(form.fields.rfind(' ') + 1);
  const std::string_view pairs[] = {"REQUEST_METHOD",
                                    form.method,
                                    "PATH_INFO",
                                    path,
                                    "SERVER_PROTOCOL",
                                    form.version,
                                    chunked ? "HTTP_TRANSFER_ENCODING" : "CONTENT_LENGTH",
                                    form.method == "GET" ? "" : length};
  for (std::string_view text : pairs) add_text(vars, text);
  const char head[] = {0, static_cast<char>(vars.size() & 255), static_cast<char>(vars.size() >> 8), 0};
  return std::string(head, sizeof head).append(vars).append(form.body);
}

void client_acts(uint8_t what, size_t len) {
  if (clients.empty() || (what & 7) == 4) return add_client(len & 1);
  const size_t which = (what >> 4) % clients.size();
  const Client client = clients[which];
  switch (what & 7) {
    case 0:
    case 1:
      client.send(steps.take(len));
      break;
    case 2:
      shutdown(client.fd, len & 1 ? SHUT_RDWR : SHUT_WR);
      break;
    case 3:  // with bytes unread that is a reset
      close(client.fd);
      clients.erase(clients.begin() + static_cast<long>(which));
      break;
    case 5:
      client.read(static_cast<int>(len));
      break;
    case 6: {
      static const std::string block =
          "0\r\n\r\n" + std::string(80'000, 'x');  // ends a chunked body, with more behind it
      client.send(std::string_view(block).substr(len & 1 ? 0 : 5, len * 300 + 5));
      break;
    }
    case 7: {
      const std::string_view path = kPaths[len % std::size(kPaths)];
      const Form &form = kForms[len / std::size(kPaths) % std::size(kForms)];
      client.send(client.packets ? packet_request(path, form) : http_request(path, form));
      break;
    }
  }
}

// A hook waits: clients go on meanwhile.
int wait_hook(int fd, short events) {
  for (int turns = 0;; ++turns) {
    pollfd entry{fd, events, 0};
    if (poll(&entry, 1, 0) > 0) return 1;
    uint8_t what;
    size_t len;
    if (turns > 20 || !steps.next(&what, &len)) return 0;
    client_acts(what, len);
  }
}

void prepare() {
  signal(SIGPIPE, SIG_IGN);  // as the server does
  static char program[] = "fuzz", *arguments[] = {program, nullptr}, *environment[] = {nullptr};
  init_state(1, arguments, environment);
  static uwsgi_worker workers[2];
  static uwsgi_core cores[2];
  workers[1].cores = cores;
  uwsgi.workers = workers;
  uwsgi.mywid = 1;
  uwsgi.cores = 2;
  auto stop = make_eventfd();
  check(static_cast<bool>(stop));
  stop_event.reset(dup(stop->get()));
  ChildLinks links;
  links.stop_event = std::move(*stop);
  check(static_cast<bool>(enter_child(std::move(links))));
  for (int signum : {SIGINT, SIGTERM}) signal(signum, SIG_DFL);  // they end the fuzzer
  uwsgi.signal_socket = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  uwsgi.my_signal_socket = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  uwsgi.wait_read_hook = [](int fd, int) { return wait_hook(fd, POLLIN); };
  uwsgi.wait_write_hook = [](int fd, int) { return wait_hook(fd, POLLOUT); };
  uwsgi.logging_options.enabled = 0;
  static uwsgi_plugin plugin;
  plugin.name = "fuzz";
  plugin.request = serve;
  std::fill_n(uwsgi.p, 256, &plugin);
  http::options.keepalive = 60;
  http::register_protocols();
  address.sun_family = AF_UNIX;
  const std::string name = "mortise-fuzz-" + std::to_string(getpid()) + "-";
  name.copy(address.sun_path + 1, name.size());
  address_len = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 2 + name.size());
  for (int i = 0; i < 2; ++i) {
    uwsgi_socket &listener = listeners[i];
    static char names[2][16] = {"http", "http-gateway"};
    listener.name = names[i];
    listener.name_len = static_cast<int>(strlen(names[i]));
    listener.family = AF_UNIX;
    listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address.sun_path[address_len - offsetof(sockaddr_un, sun_path) - 1] = i ? '1' : '0';
    check(bind(listener.fd, reinterpret_cast<sockaddr *>(&address), address_len) == 0 &&
          listen(listener.fd, 128) == 0);
    for (const Protocol &protocol : registries().protocols)
      if (protocol.name == names[i]) protocol.setup(&listener);
    check(listener.proto != nullptr);
  }
  listeners[0].next = &listeners[1];
  uwsgi.sockets = &listeners[0];
}

// One thread is each of the cores in turn.
struct Turns {
  WorkerLoop &worker;
  Lead::Place place = 0;
  bool leads = false;
  void operator()(CoreLoop &core, int timeout_ms) {
    if (!worker.several_cores()) return core.turn(timeout_ms);
    if (!leads) check(worker.lead().take(place));
    leads = core.lead(place, timeout_ms);
  }
};

// Deadlines, the grace of a stop, or the stop itself.
void time_passes(CoreLoop &core, uint8_t what) {
  if (what & 4)
    eventfd_write(stop_event.get(), 1);
  else
    core.sweep(what & 1 ? INT64_MAX : monotonic_ms() + 500);
}

int open_descriptors() {
  int count = 0;
  for (int fd = 0; fd < 128; ++fd) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

// Answers wait for each other then.
void count_requests_as_long(WorkerLoop &worker) {
  for (uwsgi_socket &listener : listeners) listener.family = AF_INET;
  for (int i = 0; i < 64; ++i) worker.note_duration(100);
}

// Those that nobody accepted.
void forget_stop_and_backlog() {
  eventfd_t ignored;
  eventfd_read(stop_event.get(), &ignored);
  for (const uwsgi_socket &listener : listeners)
    for (int fd; (fd = accept(listener.fd, nullptr, nullptr)) >= 0;) close(fd);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  static const bool prepared = (prepare(), true);
  static_cast<void>(prepared);
  static_cast<void>(file());
  const uint8_t flags = *data;
  steps = {data + 1, size - 1};
  uwsgi.post_buffering = flags & 2 ? 16 : 0;
  limits().response_buffering = flags & 4 ? 4 : 0;
  uwsgi.limit_post = flags & 8 ? 100 : 0;
  uwsgi.buffer_size = flags & 128 ? 32768 : 2048;
  const int before = open_descriptors();
  {
    auto worker = WorkerLoop::create(flags & 1 ? 2 : 1);
    check(static_cast<bool>(worker));
    for (uwsgi_socket &listener : listeners) listener.family = AF_UNIX;
    if (flags & 64) count_requests_as_long(**worker);
    CoreLoop first(**worker, 0), second(**worker, 1);
    Turns turn{**worker};
    CoreLoop *const cores[] = {&first, flags & 1 ? &second : &first};
    add_client(flags & 16);
    uint8_t what;
    for (size_t len, steps_done = 0; steps.next(&what, &len); ++steps_done) {
      if (what & 8)
        time_passes(*cores[steps_done % 2], what);
      else
        client_acts(what, len);
      for (int i = 0; i < 3; ++i) turn(*cores[(steps_done + static_cast<size_t>(i)) % 2], 0);
    }
    // Everybody has gone, or sends no more and reads what is left: each connection ends, with no deadline.
    for (const Client &client : clients) flags & 32 ? shutdown(client.fd, SHUT_WR) : close(client.fd);
    if (!(flags & 32)) clients.clear();
    for (int i = 0; i < 2000 && (i < 4 || (*worker)->connections().open() > 0); ++i) {
      turn(*cores[i % 2], i > 20 ? 1 : 0);  // the flusher has its time
      for (const Client &client : clients) client.read(INT_MAX);
    }
    check((*worker)->connections().open() == 0);
    for (const Client &client : clients) close(client.fd);
    clients.clear();
  }
  forget_stop_and_backlog();
  check(open_descriptors() == before);
  return 0;
}
