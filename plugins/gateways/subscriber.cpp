#include "subscriber.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "signing.h"

namespace mortise::gateways {

namespace {

constexpr uint8_t kSubscribeModifier = 224;

// Takes over what kvlist_parse gave, malloc'ed.
std::string take(char *text) {
  std::string value = text ? text : "";
  free(text);
  return value;
}

void set_signing(Announcement &one, const std::string &text) {
  if (text.empty()) return;
  const size_t colon = text.find(':');
  one.sign_algorithm = text.substr(0, colon);
  one.key_file = colon == text.npos ? "" : text.substr(colon + 1);
  if (can_sign(one.sign_algorithm, one.key_file)) return;
  uwsgi_log("subscribe-to: %s: not ALGORITHM:FILE of a private key in PEM form\n", text.c_str());
  uwsgi_exit(64);
}

// host:port:key, or path:key; the key may have a port of its own. Behind a comma ALGORITHM:FILE of a private
// key.
Announcement from_text(std::string_view text) {
  const size_t comma = text.find(',');
  const std::string signing(comma == text.npos ? "" : text.substr(comma + 1));
  text = text.substr(0, comma);
  const bool path = text.starts_with('/') || text.starts_with('@');
  size_t colon = text.find(':');
  if (!path && colon != text.npos) colon = text.find(':', colon + 1);
  if (colon == text.npos || colon == 0 || colon + 1 == text.size()) {
    uwsgi_log("subscribe-to = %.*s: no key (write gateway:key, 127.0.0.1:7000:example.com)\n",
              static_cast<int>(text.size()), text.data());
    uwsgi_exit(64);
  }
  Announcement one{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1)), {}};
  set_signing(one, signing);
  return one;
}

Announcement from_keyval(const uwsgi_string_list &item) {
  char *server = nullptr, *key = nullptr, *address = nullptr, *weight = nullptr, *modifier1 = nullptr,
       *modifier2 = nullptr, *backup = nullptr, *sign = nullptr;
  if (uwsgi_kvlist_parse_strict(item.value, item.len, ',', '=', "server", &server, "key", &key, "addr",
                                &address, "weight", &weight, "modifier1", &modifier1, "modifier2", &modifier2,
                                "backup", &backup, "sign", &sign, nullptr) ||
      !server || !key) {
    uwsgi_log("subscribe2 = %s: not understood (server= and key= are needed)\n", item.value);
    uwsgi_exit(64);
  }
  auto number = [](char *text) { return text ? strtoull(text, nullptr, 10) : 0ULL; };
  Announcement one{take(server), take(key), take(address)};
  one.weight = std::max<uint64_t>(number(weight), 1);
  one.modifier1 = static_cast<uint8_t>(number(modifier1));
  one.modifier2 = static_cast<uint8_t>(number(modifier2));
  one.backup_level = number(backup);
  set_signing(one, take(sign));
  for (char *text : {weight, modifier1, modifier2, backup}) free(text);
  return one;
}

std::string own_address() {
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
    if (socket->fd >= 0 && !socket->internal) return socket->name;
  return {};
}

uwsgi_buffer *packet_of(const Announcement &one, const std::string &address, uint8_t command) {
  uwsgi_buffer *packet = uwsgi_buffer_new(256);
  packet->pos = sizeof(uwsgi_header);
  auto add = [&](std::string_view key, std::string_view value) {
    uwsgi_buffer_append_keyval(packet, key.data(), static_cast<uint16_t>(key.size()), value.data(),
                               static_cast<uint16_t>(value.size()));
  };
  add("key", one.key);
  add("address", address);
  add("modifier1", std::to_string(one.modifier1));
  add("modifier2", std::to_string(one.modifier2));
  add("cores", std::to_string(uwsgi.numproc * uwsgi.cores));
  add("load", std::to_string(uwsgi.shared->load));
  add("weight", std::to_string(one.weight));
  add("backup", std::to_string(one.backup_level));
  if (!one.sign_algorithm.empty()) {
    add("unix", std::to_string(uwsgi_now()));
    const std::string_view signed_text(packet->buf + sizeof(uwsgi_header),
                                       packet->pos - sizeof(uwsgi_header));
    add("sign", signature(one.sign_algorithm, one.key_file, signed_text));
  }
  uwsgi_buffer_set_uh(packet, kSubscribeModifier, command);
  return packet;
}

// A datagram that does not arrive is sent again with the next turn.
void send_datagram(const std::string &gateway, const uwsgi_buffer &packet) {
  union uwsgi_sockaddr address {};
  socklen_t len = 0;
  std::string text = gateway;
  const int fd = uwsgi_socket_from_addr(&address, &len, text.data(), SOCK_DGRAM | SOCK_NONBLOCK);
  if (fd < 0) return;
  if (sendto(fd, packet.buf, packet.pos, MSG_DONTWAIT | MSG_NOSIGNAL, &address.sa, len) < 0)
    uwsgi_log("subscribe to %s: %s (tried again with the next announcement)\n", gateway.c_str(),
              strerror(errno));
  close(fd);
}

}  // namespace

Subscriber &subscriber() {
  static Subscriber one;
  return one;
}

void Subscriber::read_options() {
  for (const uwsgi_string_list *item = targets; item; item = item->next)
    announcements_.push_back(from_text(item->value));
  for (const uwsgi_string_list *item = keyvals; item; item = item->next)
    announcements_.push_back(from_keyval(*item));
}

void Subscriber::send(uint8_t command) {
  const std::string own = own_address();
  for (const Announcement &one : announcements_) {
    const std::string &address = one.address.empty() ? own : one.address;
    if (address.empty()) continue;
    uwsgi_buffer *packet = packet_of(one, address, command);
    send_datagram(one.gateway, *packet);
    uwsgi_buffer_destroy(packet);
  }
}

void Subscriber::announce(time_t now) {
  if (announcements_.empty()) return;
  // A server whose applications are not loaded yet would answer nothing.
  if (silent || uwsgi_server_state() != UWSGI_SERVING || now < next_) return;
  next_ = now + std::max(every_seconds, 1);
  send(0);
  announced_ = true;
}

void Subscriber::toggle() {
  silent = !silent;
  next_ = 0;
  uwsgi_log("subscriptions: %s\n", silent ? "the gateways are told goodbye and no more" : "announced again");
  if (silent) leave();
}

void Subscriber::leave() {
  if (announced_) send(1);
  announced_ = false;
}

}  // namespace mortise::gateways

extern "C" void uwsgi_send_subscription_from_fd(int, char *gateway, char *key, size_t keysize,
                                                uint8_t modifier1, uint8_t modifier2, uint8_t command,
                                                char *socket_name, char *, char *, char *, char *) {
  using namespace mortise::gateways;
  Announcement one{gateway, std::string(key, keysize), {}};
  one.modifier1 = modifier1;
  one.modifier2 = modifier2;
  uwsgi_buffer *packet = packet_of(one, socket_name ? socket_name : own_address(), command);
  send_datagram(gateway, *packet);
  uwsgi_buffer_destroy(packet);
}
