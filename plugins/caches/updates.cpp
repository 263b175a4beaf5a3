#include "updates.h"

#include <mortise/lifecycle.h>

#include <string>
#include <vector>

namespace mortise::caches {

namespace {

constexpr uint8_t kModifier = 111;
constexpr uint8_t kSet = 10;
constexpr uint8_t kDelete = 11;
constexpr size_t kLargestDatagram = 65507;

struct Server {
  uwsgi_cache *uc;
  int fd;
};
std::vector<Server> &servers() {
  static std::vector<Server> all;
  return all;
}

void append_item(std::string *packet, std::string_view value) {
  packet->push_back(static_cast<char>(value.size() & 0xff));
  packet->push_back(static_cast<char>(value.size() >> 8));
  packet->append(value);
}

// Splits {length, bytes}… into at most `most` parts; empty where a length points outside.
std::vector<std::string_view> split_items(std::string_view block, size_t most) {
  std::vector<std::string_view> items;
  while (!block.empty() && items.size() < most) {
    if (block.size() < 2) return {};
    const size_t len = static_cast<uint8_t>(block[0]) | static_cast<size_t>(static_cast<uint8_t>(block[1]))
                                                            << 8;
    if (block.size() - 2 < len) return {};
    items.push_back(block.substr(2, len));
    block.remove_prefix(2 + len);
  }
  return items;
}

void send(const uwsgi_cache *uc, uint8_t command, const std::string &block) {
  if (block.size() + 4 > kLargestDatagram) return;
  std::string packet = {static_cast<char>(kModifier), static_cast<char>(block.size() & 0xff),
                        static_cast<char>(block.size() >> 8), static_cast<char>(command)};
  packet += block;
  for (const uwsgi_string_list *node = uc->nodes; node; node = node->next) {
    const auto *address = static_cast<const sockaddr_in *>(node->custom_ptr);
    if (address)
      sendto(of(uc).udp_socket, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr *>(address), sizeof *address);
  }
}

// Names are resolved once, at the start: a datagram must not wait for DNS.
int resolve_nodes(uwsgi_cache *uc) {
  if (!uc->nodes) return 0;
  of(uc).udp_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (uwsgi_string_list *node = uc->nodes; node; node = node->next) {
    auto *address = static_cast<sockaddr_in *>(uwsgi_calloc(sizeof(sockaddr_in)));
    node->custom_ptr = address;  // both live as long as the server
    char *port = strrchr(node->value, ':');
    if (!port || socket_to_in_addr(node->value, port, 0, address) == 0) {
      uwsgi_log("cache '%s': node '%s' is no address (host:port)\n", uc->name, node->value);
      return -1;
    }
  }
  return 0;
}

int bind_server(uwsgi_cache *uc, char *where) {
  sockaddr_in address{};
  char *port = strrchr(where, ':');
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;  // the generation before still has it during a reload
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (!port || socket_to_in_addr(where, port, 0, &address) == 0 ||
      bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof address)) {
    uwsgi_log("cache '%s': udp server %s: %s (host:port that is free)\n", uc->name, where, strerror(errno));
    return -1;
  }
  servers().push_back({uc, fd});
  uwsgi_log("cache '%s': listening for changes on udp:%s\n", uc->name, where);
  return 0;
}

void serve(int, void *) {
  uwsgi_process_ready();
  std::vector<pollfd> polled = {{uwsgi_stop_fd(), POLLIN, 0}};
  for (const Server &server : servers()) polled.push_back({server.fd, POLLIN, 0});
  std::string datagram(kLargestDatagram, '\0');
  while (!uwsgi_stopping()) {
    poll(polled.data(), polled.size(), -1);
    for (const Server &server : servers()) {
      ssize_t got = 0;
      while ((got = recv(server.fd, datagram.data(), datagram.size(), MSG_DONTWAIT)) > 0)
        if (apply_update(server.uc, {datagram.data(), static_cast<size_t>(got)}))
          uwsgi_log("cache '%s': a malformed datagram was dropped\n", server.uc->name);
    }
  }
}

}  // namespace

void send_update(const uwsgi_cache *uc, std::string_view key, std::string_view value, uint64_t expires) {
  if (!uc->nodes || value.size() > 65535) return;
  std::string block;
  append_item(&block, key);
  append_item(&block, value);
  append_item(&block, std::to_string(expires));
  send(uc, kSet, block);
}

void send_removal(const uwsgi_cache *uc, std::string_view key) {
  if (!uc->nodes) return;
  std::string block;
  append_item(&block, key);
  send(uc, kDelete, block);
}

int apply_update(uwsgi_cache *uc, std::string_view datagram) {
  if (datagram.size() < 4 || static_cast<uint8_t>(datagram[0]) != kModifier) return -1;
  const size_t size =
      static_cast<uint8_t>(datagram[1]) | static_cast<size_t>(static_cast<uint8_t>(datagram[2])) << 8;
  const auto command = static_cast<uint8_t>(datagram[3]);
  if (datagram.size() - 4 != size) return -1;
  const auto items = split_items(datagram.substr(4), 3);
  if (items.empty() || items[0].empty()) return -1;
  const auto key_len = static_cast<uint16_t>(items[0].size());
  const WriteLock lock(uc);
  if (command == kDelete && items.size() == 1) {
    uwsgi_cache_del2(uc, items[0].data(), key_len, 0, UWSGI_CACHE_FLAG_LOCAL);
    return 0;
  }
  if (command != kSet || items.size() < 2) return -1;
  const uint64_t expires =
      items.size() > 2 ? uwsgi_str_num(items[2].data(), static_cast<int>(items[2].size())) : 0;
  uwsgi_cache_set2(uc, items[0].data(), key_len, items[1].data(), items[1].size(), expires,
                   UWSGI_CACHE_FLAG_LOCAL | UWSGI_CACHE_FLAG_UPDATE | UWSGI_CACHE_FLAG_ABSEXPIRE);
  return 0;
}

int start_udp_servers() {
  for (uwsgi_cache *uc = uwsgi.caches; uc; uc = uc->next) {
    if (resolve_nodes(uc)) return -1;
    for (uwsgi_string_list *server = uc->udp_servers; server; server = server->next)
      if (uwsgi_generation() >= 0 && bind_server(uc, server->value)) return -1;
  }
  if (servers().empty()) return 0;
  const uwsgi_process_role role = {
      .name = "cache udp", .instances = 1, .body = serve, .data = nullptr, .stop_first = 0};
  return uwsgi_register_process(&role);
}

}  // namespace mortise::caches
