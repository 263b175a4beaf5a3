#include "membership.h"

#include <mortise/lifecycle.h>

#include <cstdlib>
#include <cstring>

#include "actions.h"
#include "board.h"

namespace mortise::legion {

namespace {

constexpr size_t kMostPacket = 65000;

int64_t seconds(int count) {
  return int64_t{count} * 1000;
}

int64_t monotonic_ms() {
  return static_cast<int64_t>(uwsgi_monotonic_micros() / 1000);
}

bool is_path(const std::string &address) {
  return address.find(':') == address.npos;
}

// Asked without a word in the log, which bind_to_udp() would say.
bool is_taken(const std::string &address) {
  union uwsgi_sockaddr to;
  socklen_t len = 0;
  std::string text = address;
  const int fd = uwsgi_socket_from_addr(&to, &len, text.data(), SOCK_DGRAM);
  const bool taken = fd >= 0 && ::bind(fd, &to.sa, len) != 0 && errno == EADDRINUSE;
  if (fd >= 0) close(fd);
  return taken;
}

std::string new_uuid() {
  char text[37];
  uwsgi_uuid(text);
  return text;
}

void append_scroll(std::string &list, const std::string &scroll) {
  if (list.size() + 2 + scroll.size() > static_cast<size_t>(settings().scroll_list_bytes)) return;
  list += static_cast<char>(scroll.size() & 0xff);
  list += static_cast<char>(scroll.size() >> 8);
  list += scroll;
}

}  // namespace

Membership::Membership(Legion &legion)
    : legion_(legion),
      began_ms_(monotonic_ms()),
      members_(legion.legion, new_uuid(), legion.valor, legion.quorum) {
  legion_.pid = uwsgi.mypid;
  strcpy(legion_.uuid, members_.self().uuid.c_str());
  act("setup", legion_.setup_hooks);
}

Membership::~Membership() {
  if (legion_.socket >= 0) close(legion_.socket);
}

// The generation before this one may have the address until its end, which is no error for so long.
bool Membership::bind() {
  constexpr int64_t kPredecessorMs = 10'000;
  if (legion_.socket >= 0) return true;
  const bool may_be_its = uwsgi_generation() > 0 && monotonic_ms() - began_ms_ < kPredecessorMs;
  if (may_be_its && !legion_.multicast && !is_path(legion_.addr) && is_taken(legion_.addr)) return false;
  legion_.socket = is_path(legion_.addr) ? bind_to_unix_dgram(legion_.addr)
                                         : bind_to_udp(legion_.addr, legion_.multicast, 0);
  if (legion_.socket < 0) return false;
  uwsgi_socket_nb(legion_.socket);
  char *name = uwsgi_getsockname(legion_.socket);
  uwsgi_log("legion %s: member %s of valor %llu listens on %s\n", legion_.legion, legion_.uuid,
            static_cast<unsigned long long>(legion_.valor), name ? name : legion_.addr);
  free(name);
  elect_ms_ = monotonic_ms() + seconds(settings().freq_s);
  return true;
}

void Membership::send(const std::string &packet, const std::string &address) {
  union {
    sockaddr any;
    sockaddr_in in;
    sockaddr_un un;
  } to{};
  std::string text = address;  // it is taken apart
  const size_t colon = text.rfind(':');
  if (!is_path(address)) text[colon] = '\0';
  const socklen_t len = is_path(address) ? socket_to_un_addr(text.c_str(), &to.un)
                                         : socket_to_in_addr(text.c_str(), text.data() + colon,
                                                             atoi(text.data() + colon + 1), &to.in);
  sendto(legion_.socket, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL, &to.any, len);
}

void Membership::announce(bool dead) {
  Message message = members_.self();
  message.name = uwsgi.hostname;
  message.scroll.assign(legion_.scroll ? legion_.scroll : "", legion_.scroll_len);
  message.unix_us = uwsgi_micros();
  message.checksum = members_.checksum();
  message.lord_valor = lord_.valor;
  message.lord_uuid = lord_.uuid;
  message.dead = dead;
  const std::string packet = legion_.cipher.seal(pack(message));
  for (const uwsgi_string_list *node = legion_.nodes; node; node = node->next) send(packet, node->value);
}

void Membership::receive() {
  static char packet[kMostPacket];
  for (;;) {
    const ssize_t got = recv(legion_.socket, packet, sizeof packet, MSG_DONTWAIT);
    if (got < 0) return;
    const auto text = legion_.cipher.open({packet, static_cast<size_t>(got)});
    const auto message = text ? unpack(*text) : std::nullopt;
    if (!message) continue;  // anybody may send to a UDP port: no word of it
    const int64_t skew_us = static_cast<int64_t>(uwsgi_micros()) - static_cast<int64_t>(message->unix_us);
    if (std::abs(skew_us) > seconds(settings().skew_tolerance_s) * 1000) continue;
    switch (members_.hear(*message, monotonic_ms())) {
      case Members::Change::kNone:
        break;
      case Members::Change::kJoined:
        note("node-joined", message->uuid, legion_.node_joined_hooks);
        if (stand_back_ms_ < 0) announce(false);  // so that it need not wait to know this one
        break;
      case Members::Change::kLeft:
        note("node-left", message->uuid, legion_.node_left_hooks);
        break;
    }
  }
}

void Membership::note(const char *phase, const std::string &uuid, const uwsgi_string_list *hooks) {
  uwsgi_log("legion %s: %s: %s, of %zu members\n", legion_.legion, phase, uuid.c_str(),
            members_.others().size() + 1);
  act(phase, hooks);
}

bool Membership::act(const char *phase, const uwsgi_string_list *hooks) {
  tell_plugins();
  return run_actions(phase, legion_, hooks);
}

int64_t Membership::turn(int64_t now_ms) {
  constexpr int64_t kBindAgainMs = 1000, kTurnMs = 100;
  if (!bind()) return kBindAgainMs;
  if (stand_back_ms_ >= 0 && now_ms >= stand_back_ms_) {
    stand_back_ms_ = -1;
    members_.stand_back(false);
  }
  for (std::string gone; !(gone = members_.forget_silent(now_ms, seconds(settings().tolerance_s))).empty();) {
    note("node-left", gone, legion_.node_left_hooks);
  }
  if (now_ms >= elect_ms_) elect(now_ms);
  if (now_ms >= announce_ms_ && stand_back_ms_ < 0) {
    announce_ms_ = now_ms + seconds(settings().freq_s);
    announce(false);
  }
  tell_processes();
  return kTurnMs;
}

void Membership::elect(int64_t now_ms) {
  if (!legion_.joined && members_.has_quorum()) {
    legion_.joined = 1;
    act("join", legion_.join_hooks);
  }
  const Members::Candidate lord = members_.lord();
  if (lord.uuid == lord_.uuid) return;
  const bool was_self = members_.is_self(lord_);
  lord_ = lord;
  legion_.lord_valor = lord.valor;
  snprintf(legion_.lord_uuid, sizeof legion_.lord_uuid, "%s", lord.uuid.c_str());
  uwsgi_log("legion %s: %s %s\n", legion_.legion, lord.uuid.empty() ? "there is no lord" : "the lord is",
            lord.uuid.c_str());
  if (was_self) resign();
  if (members_.is_self(lord)) become_lord(now_ms);
}

void Membership::become_lord(int64_t now_ms) {
  uwsgi_log("legion %s: this server is the lord\n", legion_.legion);
  legion_.i_am_the_lord = uwsgi_now();
  const bool good = act("lord", legion_.lord_hooks);
  if (good || settings().death_on_lord_error_s <= 0) return;
  uwsgi_log("legion %s: this server stands back for %d seconds\n", legion_.legion,
            settings().death_on_lord_error_s);
  stand_back_ms_ = now_ms + seconds(settings().death_on_lord_error_s);
  members_.stand_back(true);
  announce(true);
  elect(now_ms);
}

void Membership::resign() {
  uwsgi_log("legion %s: this server is the lord no more\n", legion_.legion);
  legion_.i_am_the_lord = 0;
  act("unlord", legion_.unlord_hooks);
}

// Members as plugins walk through them; only actions do, which run in this process.
void Membership::tell_plugins() {
  uwsgi_wlock(legion_.lock);
  nodes_.clear();
  legion_.nodes_head = legion_.nodes_tail = nullptr;
  for (const auto &[uuid, member] : members_.others()) {
    const Message &said = member.said;
    auto node = std::make_unique<uwsgi_legion_node>();
    node->name = const_cast<char *>(said.name.data());
    node->name_len = static_cast<uint16_t>(said.name.size());
    node->valor = said.valor;
    strcpy(node->uuid, uuid.c_str());
    node->scroll = const_cast<char *>(said.scroll.data());
    node->scroll_len = static_cast<uint16_t>(said.scroll.size());
    node->checksum = said.checksum;
    node->lord_valor = said.lord_valor;
    strcpy(node->lord_uuid, said.lord_uuid.c_str());
    node->last_seen = uwsgi_now();
    node->prev = legion_.nodes_tail;
    (legion_.nodes_tail ? legion_.nodes_tail->next : legion_.nodes_head) = node.get();
    legion_.nodes_tail = node.get();
    nodes_[uuid] = std::move(node);
  }
  legion_.checksum = members_.checksum();
  uwsgi_rwunlock(legion_.lock);
}

void Membership::tell_processes() {
  const std::string own(legion_.scroll ? legion_.scroll : "", legion_.scroll_len);
  std::string lord_scroll = members_.is_self(lord_) ? own : "", scrolls;
  append_scroll(scrolls, own);
  for (const auto &[uuid, member] : members_.others()) {
    if (uuid == lord_.uuid) lord_scroll = member.said.scroll;
    append_scroll(scrolls, member.said.scroll);
  }
  publish(legion_, members_.is_self(lord_) && !lord_.uuid.empty(), lord_scroll, scrolls);
}

void Membership::leave() {
  if (legion_.socket >= 0) announce(true);
  if (members_.is_self(lord_) && !lord_.uuid.empty()) resign();
  publish(legion_, false, "", "");
  act("death", legion_.death_hooks);
}

}  // namespace mortise::legion
