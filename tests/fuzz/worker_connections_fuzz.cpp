// The connections of a worker as a whole: what clients do, in any order and any pieces, with ends, resets,
// deadlines and stops in between, against request hooks that read, write, fail and give the connection away.
// Nothing may crash, leak or stay open when everybody has gone.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
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

using namespace mortise;

namespace {

constexpr size_t kMaxClients = 4;

void check(bool good) {
  if (!good) abort();
}

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

std::vector<int> clients;
sockaddr_un address;
socklen_t address_len;
uwsgi_socket listeners[2];  // HTTP, the uwsgi protocol

void add_client(bool packets) {
  if (clients.size() == kMaxClients) return;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  address.sun_path[address_len - offsetof(sockaddr_un, sun_path) - 1] = packets ? '1' : '0';
  check(fd >= 0 && connect(fd, reinterpret_cast<sockaddr *>(&address), address_len) == 0);
  clients.push_back(fd);
}

void client_acts(uint8_t what, size_t len) {
  const size_t which = clients.empty() ? 0 : (what >> 4) % clients.size();
  const int fd = clients.empty() ? -1 : clients[which];
  char dropped[65536];
  switch (what & 7) {
    case 0:
    case 1: {
      std::string_view bytes = steps.take(len);
      if (fd >= 0) static_cast<void>(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
      break;
    }
    case 2:
      if (fd >= 0) shutdown(fd, len & 1 ? SHUT_RDWR : SHUT_WR);
      break;
    case 3:  // with bytes unread that is a reset
      if (fd < 0) break;
      close(fd);
      clients.erase(clients.begin() + static_cast<long>(which));
      break;
    case 4:
      add_client(len & 1);
      break;
    case 5:
      for (size_t i = 0; fd >= 0 && i < len && recv(fd, dropped, sizeof dropped, 0) > 0; ++i) continue;
      break;
    case 6: {
      static const std::string block(70'000, 'x');
      if (fd >= 0) static_cast<void>(send(fd, block.data(), len * 300 + 1, MSG_NOSIGNAL));
      break;
    }
    case 7: {
      static const std::string_view requests[] = {
          "GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET /file HTTP/1.1\r\nHost: a\r\n\r\n",
          "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
          "POST /lines HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
          "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n",
          "POST /seek HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
          "GET / HTTP/1.0\r\n\r\n"};
      const std::string_view request = requests[len % std::size(requests)];
      if (fd >= 0) static_cast<void>(send(fd, request.data(), request.size(), MSG_NOSIGNAL));
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

// ---- the plugin

bool path_is(const wsgi_request *request, std::string_view path) {
  return std::string_view(request->path_info, request->path_info_len) == path;
}

int answer(wsgi_request *request, const char *text) {
  return uwsgi_response_prepare_headers(request, "200 OK", 6) ||
                 uwsgi_response_write_body_do(request, text, strlen(text))
             ? -1
             : UWSGI_OK;
}

int file() {
  static const int fd = [] {
    const int made = uwsgi_tmpfd();
    check(made >= 0 && ftruncate(made, 3'000'000) == 0);
    return made;
  }();
  return fd;
}

int serve(wsgi_request *request) {
  ssize_t len = 0;
  static const std::string block(100'000, 'b');
  if (path_is(request, "/large") || path_is(request, "/pieces")) {
    if (uwsgi_response_prepare_headers(request, "200 OK", 6)) return -1;
    const int times = path_is(request, "/large") ? 30 : 5;
    if (times == 30) uwsgi_response_add_content_length(request, block.size() * 30);
    for (int i = 0; i < times; ++i)
      if (uwsgi_response_write_body_do(request, block.data(), block.size())) return -1;
    return UWSGI_OK;
  }
  if (path_is(request, "/file")) {
    if (uwsgi_response_prepare_headers(request, "200 OK", 6)) return -1;
    return uwsgi_response_sendfile_do_can_close(request, file(), 10, 2'999'990, 0);
  }
  if (path_is(request, "/echo")) {
    if (uwsgi_response_prepare_headers(request, "200 OK", 6)) return -1;
    for (;;) {
      char *data = uwsgi_request_body_read(request, 0, &len);
      if (!data) return -1;
      if (len == 0) return UWSGI_OK;
      if (uwsgi_response_write_body_do(request, data, static_cast<size_t>(len))) return -1;
    }
  }
  if (path_is(request, "/lines")) {
    do
      if (!uwsgi_request_body_readline(request, 7, &len)) return -1;
    while (len > 0);
    return answer(request, "read");
  }
  if (path_is(request, "/count"))
    return uwsgi_request_body_consume(request) ? -1 : answer(request, "counted");
  if (path_is(request, "/seek")) {
    for (int i = 0; i < 2; ++i) {
      if (!uwsgi_request_body_read(request, 2, &len)) return -1;
      uwsgi_request_body_seek(request, i);
    }
    return answer(request, "again");
  }
  if (path_is(request, "/fails")) return -1;
  if (path_is(request, "/throws")) throw std::runtime_error("thrown");
  if (path_is(request, "/nothing")) return UWSGI_OK;
  if (path_is(request, "/upgrade")) {
    if (uwsgi_response_prepare_headers(request, "101 Switching Protocols", 23)) return -1;
    return uwsgi_response_write_body_do(request, block.data(), block.size());
  }
  if (path_is(request, "/disconnect")) {
    uwsgi_response_write_body_do(request, block.data(), block.size());
    return uwsgi_disconnect(request), UWSGI_OK;
  }
  if (path_is(request, "/taken")) {  // as offload threads do
    answer(request, block.c_str());
    uwsgi_response_wait_sent(request);
    close(request->fd);
    request->fd_closed = 1;
    return UWSGI_OK;
  }
  return answer(request, "hello");
}

void prepare() {
  signal(SIGPIPE, SIG_IGN);  // as the server does
  char program[] = "fuzz", *arguments[] = {program, nullptr}, *environment[] = {nullptr};
  init_state(1, arguments, environment);
  static uwsgi_worker workers[2];
  static uwsgi_core cores[2];
  workers[1].cores = cores;
  uwsgi.workers = workers;
  uwsgi.mywid = 1;
  uwsgi.cores = 2;
  uwsgi.buffer_size = 2048;
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
    static char names[2][8] = {"http", "uwsgi"};
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

int lowest_free_descriptor() {
  const int fd = dup(0);
  close(fd);
  return fd;
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
  limits().response_buffering = flags & 4 ? 1 : 0;
  limits().limit_post = flags & 8 ? 100 : 0;
  const int before = lowest_free_descriptor();
  {
    auto worker = WorkerLoop::create(flags & 1 ? 2 : 1);
    check(static_cast<bool>(worker));
    CoreLoop first(**worker, 0), second(**worker, 1);
    Turns turn{**worker};
    CoreLoop *const cores[] = {&first, flags & 1 ? &second : &first};
    add_client(flags & 16);
    uint8_t what;
    for (size_t len, steps_done = 0; steps.next(&what, &len); ++steps_done) {
      if (what & 8)
        cores[steps_done % 2]->sweep(len & 1 ? INT64_MAX : 0);
      else
        client_acts(what, len);
      for (int i = 0; i < 3; ++i) turn(*cores[(steps_done + static_cast<size_t>(i)) % 2], 0);
    }
    for (int fd : clients) close(fd);
    clients.clear();
    for (int i = 0; i < 2000 && (i < 4 || (*worker)->connections().open() > 0); ++i) {
      turn(*cores[i % 2], i > 20 ? 1 : 0);  // the flusher has its time
      if (i > 10) cores[0]->sweep(INT64_MAX);
    }
    check((*worker)->connections().open() == 0);
  }
  check(lowest_free_descriptor() == before);
  return 0;
}
