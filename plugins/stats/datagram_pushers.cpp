// `socket:` and `statsd:`: a datagram for each metric.
#include "built_in_pushers.h"
#include "options.h"

namespace mortise::stats {

namespace {

struct Node {
  int fd = -1;
  std::string prefix;
};

// Why an address of this form could not be used.
const char *cause_without_address(const std::string &address) {
  const size_t colon = address.rfind(':');
  const bool has_port = colon != address.npos && colon + 1 < address.size() &&
                        address.find_first_not_of("0123456789", colon + 1) == address.npos;
  return has_port || address[0] == '/' ? "it was not found; tried again at the next push"
                                       : "this is no address";
}

// UDP, or a UNIX socket where the address is a path. nullptr with a message where that does not work now.
Node *node_of(uwsgi_stats_pusher_instance *instance, const char *default_address) {
  if (instance->configured) return static_cast<Node *>(instance->data);
  Destination destination = parse_destination(instance->arg, default_address);
  union uwsgi_sockaddr address {};
  socklen_t len = 0;
  const size_t colon = destination.address.rfind(':');
  if (destination.address[0] == '/') {
    len = socket_to_un_addr(destination.address.c_str(), &address.sa_un);
  } else if (colon != destination.address.npos) {
    len =
        socket_to_in_addr(destination.address.c_str(), destination.address.data() + colon, 0, &address.sa_in);
  }
  const int fd = len ? socket(address.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
  if (fd < 0 || connect(fd, &address.sa, len)) {
    uwsgi_log("stats-push to %s: %s (write %s:HOST:PORT[,PREFIX])\n", destination.address.c_str(),
              len ? strerror(errno) : cause_without_address(destination.address), instance->pusher->name);
    if (fd >= 0) close(fd);
    return nullptr;
  }
  auto *node = new Node{fd, std::move(destination.prefix)};
  instance->data = node;
  instance->configured = 1;
  return node;
}

// Nobody needs to listen, and a queue that is full loses what is stale soon anyway.
void send_text(const Node &node, const std::string &text) {
  const ssize_t sent = send(node.fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  (void)sent;
}

}  // namespace

void push_socket(uwsgi_stats_pusher_instance *instance, time_t, char *, size_t) {
  const Node *node = node_of(instance, "");
  if (!node) return;
  for_each_metric([node](const uwsgi_metric &metric, int64_t value) {
    send_text(*node, node->prefix + "." + metric.name + " " + std::to_string(metric.type) + " " +
                         std::to_string(value));
  });
}

void push_statsd(uwsgi_stats_pusher_instance *instance, time_t, char *, size_t) {
  const Node *node = node_of(instance, "127.0.0.1:8125");
  if (!node) return;
  for_each_metric([node](const uwsgi_metric &metric, int64_t value) {
    if (options().statsd_no_workers && !strncmp(metric.name, "worker.", 7)) return;
    const bool gauge = metric.type == UWSGI_METRIC_GAUGE || options().statsd_all_gauges;
    send_text(*node, node->prefix + "." + metric.name + ":" + std::to_string(value) + (gauge ? "|g" : "|c"));
  });
}

}  // namespace mortise::stats
