#include "subscriptions.h"

#include <mortise/gateways.h>
#include <mortise/lifecycle.h>

#include <algorithm>
#include <utility>

#include "limited_log.h"

namespace mortise::http {

Subscriptions subscriptions;

namespace {

constexpr uint8_t kModifier = 224;
constexpr uint64_t kBindAgainMs = 100;
constexpr size_t kMaxPacketBytes = 16 * 1024;

// Functions of plugin gateways, which is not needed without the option.
struct Provider {
  decltype(&uwsgi_subscription_init_ht) create;
  decltype(&uwsgi_add_subscribe_node) add;
  decltype(&uwsgi_remove_subscribe_node) remove;
  decltype(&uwsgi_get_subscribe_node) find;
  decltype(&uwsgi_get_subscribe_node_by_name) find_by_name;
  decltype(&uwsgi_subscription_sign_check) is_signed;
} provider;

template <typename Function>
void look_up(Function &function, const char *name) {
  function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

bool is_path(std::string_view address) {
  return address.find('/') != address.npos || address.starts_with('@');
}

// They are logged, and there are no hosts with others.
bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string lower(std::string_view text) {
  std::string folded(text);
  std::transform(folded.begin(), folded.end(), folded.begin(), [](unsigned char c) { return tolower(c); });
  return folded;
}

uint64_t number(std::string_view text) {
  return uwsgi_str_num(text.data(), static_cast<int>(text.size()));
}

// One variable of an announcement.
void read_variable(char *key, uint16_t key_len, char *value, uint16_t value_len, void *data) {
  auto &request = *static_cast<uwsgi_subscribe_req *>(data);
  const std::string_view name(key, key_len), text(value, value_len);
  const struct {
    std::string_view name;
    char *uwsgi_subscribe_req::*text;
    uint16_t uwsgi_subscribe_req::*len;
  } texts[] = {{"key", &uwsgi_subscribe_req::key, &uwsgi_subscribe_req::keylen},
               {"address", &uwsgi_subscribe_req::address, &uwsgi_subscribe_req::address_len},
               {"sign", &uwsgi_subscribe_req::sign, &uwsgi_subscribe_req::sign_len},
               {"proto", &uwsgi_subscribe_req::proto, &uwsgi_subscribe_req::proto_len}};
  for (const auto &row : texts)
    if (row.name == name) request.*row.text = value, request.*row.len = value_len;
  const struct {
    std::string_view name;
    uint64_t uwsgi_subscribe_req::*value;
  } numbers[] = {{"cores", &uwsgi_subscribe_req::cores},
                 {"load", &uwsgi_subscribe_req::load},
                 {"weight", &uwsgi_subscribe_req::weight},
                 {"unix", &uwsgi_subscribe_req::unix_check},
                 {"backup", &uwsgi_subscribe_req::backup_level}};
  for (const auto &row : numbers)
    if (row.name == name) request.*row.value = number(text);
  if (name == "modifier1") request.modifier1 = static_cast<uint8_t>(number(text));
  if (name == "modifier2") request.modifier2 = static_cast<uint8_t>(number(text));
}

}  // namespace

// What is known of a datagram beside its bytes, in front of them on the way to the other processes.
struct Subscriptions::News {
  ucred sender{};  // all 0 where the system was not asked
};

void add_subscription_server(char *, char *value, void *) {
  uwsgi_string_new_list(&subscriptions.addresses, value);
  uwsgi_load_plugin("gateways");
}

void Subscriptions::prepare(int processes) {
  if (!wanted()) return;
  look_up(provider.create, "uwsgi_subscription_init_ht");
  look_up(provider.add, "uwsgi_add_subscribe_node");
  look_up(provider.remove, "uwsgi_remove_subscribe_node");
  look_up(provider.find, "uwsgi_get_subscribe_node");
  look_up(provider.find_by_name, "uwsgi_get_subscribe_node_by_name");
  look_up(provider.is_signed, "uwsgi_subscription_sign_check");
  if (!provider.create) {
    uwsgi_log(
        "http-subscription-server: plugin gateways is not there (it is built where OpenSSL's headers are)\n");
    uwsgi_exit(79);
  }
  for (int process = 2; process <= processes; ++process) {
    int pair[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
      uwsgi_error("http: socketpair()");
    siblings_[0].push_back(pair[0]);
    siblings_[1].push_back(pair[1]);
  }
}

void Subscriptions::start(uv_loop_t *loop, int process, void (*changed)(void *), void *data) {
  if (!wanted()) return;
  loop_ = loop;
  changed_ = changed;
  data_ = data;
  table_ = provider.create();
  began_ms_ = uv_now(loop);
  if (process > 1) return watch(siblings_[1][static_cast<size_t>(process) - 2], true);
  for (const uwsgi_string_list *item = addresses; item; item = item->next)
    if (!bind_one(item->value)) unbound_.push_back(item->value);
  if (unbound_.empty()) return;
  if (uwsgi_generation() == 0) uwsgi_exit(69);  // and the log says why
  bind_timer_.reset(new uv_timer_t);
  uv_timer_init(loop, bind_timer_.get());
  bind_timer_->data = this;
  uv_timer_start(
      bind_timer_.get(), [](uv_timer_t *timer) { static_cast<Subscriptions *>(timer->data)->bind_missing(); },
      kBindAgainMs, kBindAgainMs);
}

// The generation before has them until it drains.
void Subscriptions::bind_missing() {
  std::erase_if(unbound_, [this](const char *address) { return bind_one(address); });
  if (unbound_.empty()) bind_timer_.reset();
}

bool Subscriptions::bind_one(const char *address) {
  std::string text = address;
  // Not over a socket file that another process reads.
  const int fd = is_path(text) ? bind_to_unix_dgram(text.data()) : bind_to_udp(address, 0, 0);
  if (fd < 0) return false;
  const int on = 1;
  if (uwsgi.subscriptions_use_credentials && is_path(text))
    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  uwsgi_socket_nb(fd);
  char *name = uwsgi_getsockname(fd);
  uwsgi_log_verbose("http: servers announce themselves at %s\n", name ? name : address);
  free(name);
  watch(fd, false);
  return true;
}

void Subscriptions::watch(int fd, bool is_sibling) {
  auto *source = new Source{this, fd, is_sibling, UvHandle<uv_poll_t>(new uv_poll_t)};
  uv_poll_init(loop_, source->poll.get(), fd);
  source->poll->data = source;
  uv_poll_start(source->poll.get(), UV_READABLE, [](uv_poll_t *poll, int, int) {
    const auto &from = *static_cast<Source *>(poll->data);
    from.owner->read(from);
  });
  sources_.push_back(source);
}

void Subscriptions::stop() {
  bind_timer_.reset();
  for (Source *source : std::exchange(sources_, {})) {
    uv_poll_stop(source->poll.get());
    source->poll.reset();
    close(source->fd);
    delete source;
  }
}

void Subscriptions::read(const Source &source) {
  char packet[kMaxPacketBytes];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  for (;;) {
    News news;
    iovec parts[] = {{&news, sizeof news}, {packet, sizeof packet}};
    msghdr message{};
    message.msg_iov = source.is_sibling ? parts : parts + 1;
    message.msg_iovlen = source.is_sibling ? 2 : 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(source.fd, &message, MSG_DONTWAIT);
    if (got < 0) return;
    const size_t len = static_cast<size_t>(got) - std::min<size_t>(source.is_sibling ? sizeof news : 0, got);
    for (cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
      if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS)
        memcpy(&news.sender, CMSG_DATA(header), sizeof news.sender);
    iovec copy[] = {{&news, sizeof news}, {packet, len}};
    for (int fd : siblings_[0]) {
      msghdr onward{};
      onward.msg_iov = copy;
      onward.msg_iovlen = 2;
      if (!source.is_sibling) sendmsg(fd, &onward, MSG_DONTWAIT | MSG_NOSIGNAL);  // it comes again
    }
    take(news, packet, len);
  }
}

void Subscriptions::take(const News &news, char *packet, size_t len) {
  constexpr size_t kHeader = 4, kSignOverhead = 2 + 4 + 2;  // "sign" and the lengths of name and value
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(packet[at]); };
  if (len < kHeader || byte(0) != kModifier || len != kHeader + byte(1) + (size_t{byte(2)} << 8))
    return log_limited("http: a datagram of %zu bytes is no announcement (left out)", len);
  uwsgi_subscribe_req request{};
  if (uwsgi_hooked_parse(packet + kHeader, len - kHeader, read_variable, &request) || !request.keylen ||
      !request.address_len || !is_printable({request.key, request.keylen}) ||
      !is_printable({request.address, request.address_len}))
    return log_limited("http: an announcement without key and address (left out)");
  std::string key = lower({request.key, request.keylen});  // not in place: it may be signed
  request.key = key.data();
  request.base = packet + kHeader;  // what was signed: all in front of the signature, which comes last
  if (len - kHeader < request.sign_len + kSignOverhead) return;
  request.base_len =
      static_cast<uint16_t>(len - kHeader - (request.sign_len ? request.sign_len + kSignOverhead : 0));
  request.pid = news.sender.pid;
  request.uid = news.sender.uid;
  request.gid = news.sender.gid;
  if (byte(3) == 0) {
    if (provider.add(table_, &request)) changed_(data_);
    return;
  }
  uwsgi_subscribe_node *gone =
      provider.find_by_name(table_, request.key, request.keylen, request.address, request.address_len);
  if (!gone || (uwsgi.subscriptions_sign_check_dir && !provider.is_signed(gone->slot, &request))) return;
  gone->death_mark = 1;
  if (gone->reference == 0) provider.remove(table_, gone);
}

std::optional<Subscriptions::Target> Subscriptions::choose(std::string_view host) {
  const std::string key = lower(host.substr(0, sizeof uwsgi_subscribe_slot::key - 1));
  const size_t colon = key.rfind(':');
  const std::string without_port = key.find(']', colon) == key.npos ? key.substr(0, colon) : key;
  for (const std::string &wanted : {key, without_port, std::string(fallback_key ? fallback_key : "")}) {
    std::string text = wanted;
    if (text.empty()) continue;
    uwsgi_subscribe_node *found = provider.find(table_, text.data(), static_cast<uint16_t>(text.size()));
    if (!found) continue;
    ++found->requests;
    return Target{{found->slot->key, found->slot->keylen},
                  {found->name, found->len},
                  found->modifier1,
                  found->modifier2};
  }
  return std::nullopt;
}

uwsgi_subscribe_node *Subscriptions::node(const std::string &slot, const std::string &address) {
  return provider.find_by_name(table_, const_cast<char *>(slot.data()), static_cast<uint16_t>(slot.size()),
                               const_cast<char *>(address.data()), static_cast<uint16_t>(address.size()));
}

void Subscriptions::give_back(const std::string &slot, const std::string &address) {
  uwsgi_subscribe_node *used = node(slot, address);
  if (!used || used->reference == 0) return;
  if (--used->reference == 0 && used->death_mark) provider.remove(table_, used);
}

void Subscriptions::failed(const std::string &slot, const std::string &address) {
  uwsgi_subscribe_node *dead = node(slot, address);
  if (!dead) return;
  ++dead->failcnt;
  dead->death_mark = 1;
}

bool Subscriptions::may_still_come() const {
  const int seconds = uwsgi.subscription_tolerance > 0 ? uwsgi.subscription_tolerance : 17;
  return uv_now(loop_) - began_ms_ < static_cast<uint64_t>(seconds) * 1000;
}

}  // namespace mortise::http
