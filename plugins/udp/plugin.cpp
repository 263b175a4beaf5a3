// The hook table, and a UDP socket of the master whose datagrams go to the plugins that want them.
#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

namespace mortise::udp {

namespace {

char *address = nullptr;
int listener = -1;

// The first plugin that takes it ends the search. True: one did.
bool offer(char *peer, int port, char *data, int len) {
  for (auto *table : {uwsgi.p, uwsgi.gp})
    for (int i = 0; i < 256; ++i)
      if (table[i] && table[i]->manage_udp && table[i]->manage_udp(peer, port, data, len)) return true;
  return false;
}

std::string printable(const char *data, size_t len) {
  constexpr size_t kLongest = 1024;
  std::string text(data, std::min(len, kLongest));
  for (char &c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  return text;
}

void receive(int fd, void *) {
  static char data[65536];
  constexpr int kAtATime = 64;  // the master has other work
  for (int i = 0; i < kAtATime; ++i) {
    sockaddr_in from{};
    socklen_t from_len = sizeof from;
    const ssize_t len =
        recvfrom(fd, data, sizeof data - 1, MSG_DONTWAIT, reinterpret_cast<sockaddr *>(&from), &from_len);
    if (len < 0) return;
    data[len] = '\0';
    char peer[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &from.sin_addr, peer, sizeof peer);
    const int port = ntohs(from.sin_port);
    if (!offer(peer, port, data, static_cast<int>(len)))
      uwsgi_log("[udp:%s:%d] %s\n", peer, port, printable(data, static_cast<size_t>(len)).c_str());
  }
}

void start() {
  if (!address || uwsgi_generation() < 0) return;
  listener = bind_to_udp(address, 0, 0);  // or that of the generation before
  if (listener < 0) uwsgi_exit(1);
  char *name = uwsgi_getsockname(listener);
  uwsgi_log("udp: listening on %s\n", name ? name : address);
  free(name);
  uwsgi_master_add_fd(listener, receive, nullptr);
}

// Only the master reads from it, and without it the address is free.
void leave_to_master(int step) {
  if (step == 1 && listener >= 0) close(std::exchange(listener, -1));
}

uwsgi_option option_rows[] = {
    {"udp", required_argument, 0, "give datagrams that come here to plugins (manage_udp), or to the log",
     uwsgi_opt_set_str, &address, UWSGI_OPT_MASTER},
    UWSGI_END_OF_OPTIONS};

}  // namespace

}  // namespace mortise::udp

uwsgi_plugin udp_plugin = {
    .name = "udp",
    .post_init = mortise::udp::start,
    .options = mortise::udp::option_rows,
    .post_uwsgi_fork = mortise::udp::leave_to_master,
};
