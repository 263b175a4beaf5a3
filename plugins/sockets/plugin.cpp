// The hook table and the options: what the system is asked for on the server's TCP sockets. Connections have
// it from the listener that they came to.
#include <uwsgi.h>

#include <netinet/tcp.h>

namespace {

struct Wanted {
  int keepalive = 0;
  int send_bytes = 0, receive_bytes = 0;
  int fast_open = 0;  // connections that wait with data for the end of their handshake
} wanted;

uwsgi_option options[] = {
    {"so-keepalive", no_argument, 0, "the system asks silent clients whether they are still there",
     uwsgi_opt_true, &wanted.keepalive, 0},
    {"socket-sndbuf", required_argument, 0, "bytes that the system keeps of what a client has not taken",
     uwsgi_opt_set_int, &wanted.send_bytes, 0},
    {"socket-rcvbuf", required_argument, 0, "bytes that the system keeps of what a client has sent",
     uwsgi_opt_set_int, &wanted.receive_bytes, 0},
    {"tcp-fast-open", required_argument, 0,
     "clients may send with their first packet (TCP_FASTOPEN), so many at once", uwsgi_opt_set_int,
     &wanted.fast_open, 0},
    {"tcp-fastopen", required_argument, 0, "same", uwsgi_opt_set_int, &wanted.fast_open, 0},
    {"no-defer-accept", no_argument, 0, "HTTP connections are accepted before they have sent anything",
     uwsgi_opt_true, &uwsgi.no_defer_accept, 0},
    {"so-send-timeout", required_argument, 0, "same as socket-timeout", uwsgi_opt_set_int,
     &uwsgi.socket_timeout, 0},
    {"so-write-timeout", required_argument, 0, "same", uwsgi_opt_set_int, &uwsgi.socket_timeout, 0},
    {"socket-send-timeout", required_argument, 0, "same", uwsgi_opt_set_int, &uwsgi.socket_timeout, 0},
    {"socket-write-timeout", required_argument, 0, "same", uwsgi_opt_set_int, &uwsgi.socket_timeout, 0},
    UWSGI_END_OF_OPTIONS};

void set_up() {
  const struct {
    const char *option;
    int level, name, value;
  } rows[] = {
      {"so-keepalive", SOL_SOCKET, SO_KEEPALIVE, wanted.keepalive},
      {"socket-sndbuf", SOL_SOCKET, SO_SNDBUF, wanted.send_bytes},
      {"socket-rcvbuf", SOL_SOCKET, SO_RCVBUF, wanted.receive_bytes},
      {"tcp-fast-open", IPPROTO_TCP, TCP_FASTOPEN, wanted.fast_open},
  };
  for (const uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
    for (const auto &row : rows)
      if (socket->family != AF_UNIX && row.value &&
          setsockopt(socket->fd, row.level, row.name, &row.value, sizeof row.value))
        uwsgi_log("warning: %s on %s: %s (the system's default is used)\n", row.option, socket->name,
                  strerror(errno));
}

}  // namespace

uwsgi_plugin sockets_plugin = {
    .name = "sockets",
    .post_init = set_up,
    .options = options,
};
