// The connections of the gateway as a whole: what clients and workers send, in any order and any pieces, with
// ends, resets and deadlines in between. Nothing may crash, leak or stay open when everybody has gone.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "kernel/state.h"
#include "plugins/http/client.h"
#include "plugins/http/gateway_process.h"
#include "plugins/http/listener.h"
#include "plugins/http/options.h"

using namespace mortise::http;

namespace {

constexpr size_t kMaxEnds = 4;

void check(bool good) {
  if (!good) abort();
}

// The gateway and both of its sides; made once, every run leaves it empty.
class Bench {
 public:
  static Bench &get() {
    static Bench bench;
    return bench;
  }

  void add_client() {
    int ends[2];
    if (clients_.size() == kMaxEnds ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends))
      return;
    auto *client = new Client(gateway_, listener_, sockaddr_storage{});
    if (!client->open(&gateway_.loop, ends[0], AF_UNIX)) return;
    client->start();
    clients_.push_back(ends[1]);
  }

  // What the gateway has connected to its worker meanwhile.
  void turn() {
    for (int i = 0; i < 3; ++i) uv_run(&gateway_.loop, UV_RUN_NOWAIT);
    for (int fd; (fd = accept4(worker_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
      workers_.push_back(fd);
  }

  std::vector<int> &side(bool workers) { return workers ? workers_ : clients_; }

  void expire() {
    for (DeadlineQueue *queue :
         {&gateway_.head_deadlines, &gateway_.idle_deadlines, &gateway_.progress_deadlines,
          &gateway_.connect_deadlines, &gateway_.linger_deadlines, &gateway_.stop_deadlines})
      if (Deadline *deadline = queue->take_any()) return static_cast<Client *>(deadline)->expired();
  }

  void end() {
    for (bool workers : {false, true}) {
      for (int fd : side(workers)) close(fd);
      side(workers).clear();
    }
    for (int i = 0; i < 1000 && gateway_.clients > 0; ++i) {
      turn();
      for (int fd : workers_) close(fd);
      workers_.clear();
      if (i > 20) expire();
    }
    check(gateway_.clients == 0);
    turn();
    for (int fd : workers_) close(fd);
    workers_.clear();
    turn();
    gateway_.dispatcher.for_each(
        [](const Backend &backend, int busy) { check(busy == 0 && backend.busy == 0); });
  }

 private:
  Bench() : prepared_(prepare()), gateway_(listeners_, stats_, board_, eventfd(0, EFD_CLOEXEC)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "mortise-fuzz-" + std::to_string(getpid());
    name.copy(address.sun_path + 1, name.size());
    worker_fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    check(bind(worker_fd_, reinterpret_cast<sockaddr *>(&address), size) == 0 &&
          listen(worker_fd_, 128) == 0);
    gateway_.dispatcher.add_worker(1, ("@" + name).c_str());
  }

  bool prepare() {
    signal(SIGPIPE, SIG_IGN);  // as the server does
    static uwsgi_worker workers[2];
    workers[1].pid = 1;
    workers[1].ready = 1;
    char program[] = "fuzz", *arguments[] = {program, nullptr}, *environment[] = {nullptr};
    mortise::init_state(1, arguments, environment);
    uwsgi.workers = workers;
    uwsgi.cores = 2;
    uwsgi.buffer_size = 4096;
    options.keepalive = 60;
    board_.create(1, 1);
    board_.take_row(1);
    return true;
  }

  Board board_;
  StatsServer stats_;
  std::vector<Listener> listeners_;
  Listener listener_;
  bool prepared_;
  Gateway gateway_;
  int worker_fd_ = -1;
  std::vector<int> clients_, workers_;
};

}  // namespace

// Steps of the form: what, how many bytes, the bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  Bench &bench = Bench::get();
  const uint8_t flags = *data++;
  --size;
  options.auto_gzip = flags & 1;
  options.health = (flags & 2) != 0;
  options.post_buffering = flags & 4 ? 16 : 0;
  options.proxy_protocol = (flags & 8) != 0;
  bench.add_client();
  while (size >= 2) {
    const uint8_t what = *data++;
    size_t len = *data++;
    size -= 2;
    const bool of_worker = what & 1;
    auto &ends = bench.side(of_worker);
    const size_t which = (what >> 4) % kMaxEnds;
    const int fd = ends.empty() ? -1 : ends[which % ends.size()];
    char dropped[65536];
    switch (what >> 1 & 7) {
      case 0:
      case 1:
        len = std::min(len, size);
        if (fd >= 0) static_cast<void>(send(fd, data, len, MSG_NOSIGNAL));
        data += len;
        size -= len;
        break;
      case 2:
        if (fd >= 0) shutdown(fd, SHUT_WR);
        break;
      case 3:
        if (fd < 0) break;
        close(fd);
        ends.erase(ends.begin() + static_cast<long>(which % ends.size()));
        break;
      case 4:
        bench.expire();
        break;
      case 5:
        bench.add_client();
        break;
      case 6:  // reads what there is
        while (fd >= 0 && recv(fd, dropped, sizeof dropped, 0) > 0) continue;
        break;
      case 7: {  // much at once
        static const std::string block(100'000, 'x');
        if (fd >= 0) static_cast<void>(send(fd, block.data(), len * 300 + 1, MSG_NOSIGNAL));
        break;
      }
    }
    bench.turn();
  }
  bench.end();
  return 0;
}
