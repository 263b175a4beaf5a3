#include "kernel/sockets.h"

#include <sys/random.h>

#include <algorithm>
#include <cinttypes>
#include <optional>

#include "kernel/log.h"
#include "kernel/state.h"
#include "sdk/runtime/socket_file.h"
#include "sdk/runtime/strings.h"

namespace mortise {

namespace {

std::vector<SocketFile> &socket_files() {
  static std::vector<SocketFile> files = handover().files;
  return files;
}

std::vector<int> &any_port_listeners() {
  static std::vector<int> descriptors = handover().any_port;
  return descriptors;
}

std::vector<int> &datagram_sockets() {
  static std::vector<int> descriptors;
  return descriptors;
}

struct InheritedListener {
  Fd fd;
  SocketAddress address;
  std::string name{};  // that the service manager gave it
};

int passed_end = 0;  // behind the last descriptor of the service manager

std::vector<InheritedListener> &inherited_listeners() {
  static std::vector<InheritedListener> listeners;
  return listeners;
}

SocketAddress address_of(int fd) {
  SocketAddress address;
  address.len = sizeof address.storage;
  if (getsockname(fd, &address.any, &address.len)) address.len = 0;
  return address;
}

bool get_flag(int fd, int level, int name) {
  int value = 0;
  socklen_t len = sizeof value;
  return getsockopt(fd, level, name, &value, &len) == 0 && value != 0;
}

// Makes place for a socket file: one that nobody listens on any more is removed, anything else stays.
Result<void> remove_stale_file(const Address &address, const SocketAddress &target) {
  struct stat status;
  if (lstat(address.path.c_str(), &status)) return {};
  if (!S_ISSOCK(status.st_mode)) return bind_error(address, EEXIST);
  Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return bind_error(address, errno);
  // Any other answer, such as a full backlog or no permission, is given for a live server.
  if (connect(probe.get(), &target.any, target.len) == 0 || (errno != ECONNREFUSED && errno != ENOENT))
    return bind_error(address, EADDRINUSE);
  if (unlink(address.path.c_str()) && errno != ENOENT) return bind_error(address, errno);
  return {};
}

Result<void> bind_unix(int fd, const Address &address, const SocketAddress &target,
                       const BindOptions &options) {
  bool has_file = address.kind == AddressKind::kUnix;
  if (has_file) {
    if (auto removed = remove_stale_file(address, target); !removed) return removed;
    // The file is created with the socket's own mode, so that it never is wider than wanted.
    fchmod(fd, options.mode >= 0 ? static_cast<mode_t>(options.mode) & 0660 : 0660);
  }
  if (bind(fd, &target.any, target.len)) return bind_error(address, errno);
  if (!has_file) return {};
  struct stat status;
  if (stat(address.path.c_str(), &status) == 0) {
    // Absolute, for the server may change its folder before it ends.
    char *path = realpath(address.path.c_str(), nullptr);
    socket_files().push_back({path ? path : address.path, status.st_dev, status.st_ino, getpid()});
    free(path);
  }
  return apply_owner_and_mode(address, options.owner, options.mode);
}

Result<BoundSocket> listen_on(const Address &address, const SocketAddress &target,
                              const BindOptions &options) {
  BoundSocket bound;
  bound.family = target.family();
  bound.fd.reset(socket(bound.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  int fd = bound.fd.get();
  if (fd < 0) return bind_error(address, errno);
  if (bound.family == AF_UNIX) {
    if (auto done = bind_unix(fd, address, target, options); !done) return done.error();
  } else {
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (options.reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (options.freebind) setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);  // of IPv6 as well
    // [::] serves IPv4 too, whatever net.ipv6.bindv6only says.
    if (bound.family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, &target.any, target.len)) return bind_error(address, errno);
  }
  if (listen(fd, options.backlog)) return bind_error(address, errno);
  bool system_chose = address.kind == AddressKind::kTcp && address.port == 0;
  if (system_chose) any_port_listeners().push_back(fd);
  bound.name = system_chose ? address_of(fd).text() : address.text;
  if (address.kind == AddressKind::kAbstract) bound.name = "@" + address.path;
  return bound;
}

// systemd's "ListenStream=80" is [::]:80 and serves IPv4 as well, so it is what :80 asks for.
bool serves(const InheritedListener &listener, const SocketAddress &wanted) {
  const SocketAddress &have = listener.address;
  if (have.text() == wanted.text()) return true;
  const auto &any_port = any_port_listeners();
  if (std::find(any_port.begin(), any_port.end(), listener.fd.get()) != any_port.end()) {
    SocketAddress asked = have;
    asked.in.sin_port = 0;  // sin6_port is at the same place
    if (asked.text() == wanted.text()) return true;
  }
  return wanted.family() == AF_INET && wanted.in.sin_addr.s_addr == htonl(INADDR_ANY) &&
         have.family() == AF_INET6 && have.in6.sin6_port == wanted.in.sin_port &&
         IN6_IS_ADDR_UNSPECIFIED(&have.in6.sin6_addr) &&
         !get_flag(listener.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
}

BoundSocket take_over(Fd fd) {
  SocketAddress address = address_of(fd.get());
  return {std::move(fd), address.text(), address.family(), true};
}

template <typename Condition>
std::optional<BoundSocket> take_inherited(Condition condition, bool listens = true) {
  auto &listeners = inherited_listeners();
  auto listener = std::find_if(listeners.begin(), listeners.end(), [&](const auto &one) {
    return get_flag(one.fd.get(), SOL_SOCKET, SO_ACCEPTCONN) == listens && condition(one);
  });
  if (listener == listeners.end()) return std::nullopt;
  BoundSocket bound = take_over(std::move(listener->fd));
  listeners.erase(listener);
  return bound;
}

Result<BoundSocket> adopt_descriptor(const Address &address, const BindOptions &options) {
  if (auto bound = take_inherited([&](const auto &one) {
        return address.path.empty() ? one.fd.get() == address.fd : one.name == address.path;
      }))
    return std::move(*bound);
  std::string what = "listen on " + address.text;
  if (!address.path.empty())
    return Error{what, "the server was not given a socket of this name",
                 "FileDescriptorName= of the .socket unit gives it one", kExitNoAddress};
  SocketAddress name = address_of(address.fd);
  if (name.len == 0)
    return system_error(what, errno, "pass a listening socket as this descriptor", kExitNoAddress);
  if (!get_flag(address.fd, SOL_SOCKET, SO_ACCEPTCONN) && listen(address.fd, options.backlog))
    return system_error(what, errno, "the descriptor is not a stream socket that is bound", kExitNoAddress);
  if (fcntl(address.fd, F_SETFD, FD_CLOEXEC)) return system_error(what, errno, {}, kExitNoAddress);
  if (auto done = set_nonblocking(address.fd, true); !done) return done.error();
  return take_over(Fd(address.fd));
}

}  // namespace

BindOptions configured_bind_options() {
  BindOptions options;
  if (uwsgi.listen_queue > 0) options.backlog = uwsgi.listen_queue;
  if (uwsgi.chmod_socket) options.mode = uwsgi.chmod_socket_value ? uwsgi.chmod_socket_value : 0666;
  if (uwsgi.chown_socket) options.owner = uwsgi.chown_socket;
  options.abstract_names = uwsgi.abstract_socket != 0;
  options.reuse_port = limits().reuse_port != 0;
  options.freebind = limits().freebind != 0;
  return options;
}

Result<BoundSocket> bind_address(const Address &given, const BindOptions &options) {
  Address address = given;
  if (address.kind == AddressKind::kUnix && options.abstract_names) address.kind = AddressKind::kAbstract;
  if (address.kind == AddressKind::kInherited) return adopt_descriptor(address, options);
  auto targets = resolve(address, "bind");
  if (!targets) return targets.error();
  if (auto bound = take_inherited([&](const auto &one) { return serves(one, targets->front()); })) {
    if (address.kind != AddressKind::kTcp || address.port != 0) bound->name = address.text;
    return std::move(*bound);
  }
  return listen_on(address, targets->front(), options);
}

Fd take_inherited_datagrams(const SocketAddress &wanted) {
  auto serves = [&](const InheritedListener &one) {
    SocketAddress have = one.address;
    if (wanted.in.sin_port == 0) have.in.sin_port = 0;
    return have.text() == wanted.text();
  };
  auto bound = take_inherited(serves, false);
  return bound ? std::move(bound->fd) : Fd();
}

void hand_over_datagrams(int fd) {
  datagram_sockets().push_back(fd);
}

Result<BoundSocket> bind_private() {
  uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random)
    return system_error("name a private socket", errno, {}, kExitSystem);
  char name[64];
  snprintf(name, sizeof name, "mortise-%d-%016" PRIx64, static_cast<int>(getpid()), random);
  Address address;
  address.kind = AddressKind::kAbstract;
  address.path = name;
  address.text = "@" + address.path;
  return bind_address(address, {});
}

bool peer_is_ours(int fd) {
  ucred peer{};
  socklen_t len = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
         (peer.uid == geteuid() || peer.uid == 0);
}

int adopt_inherited_listeners() {
  constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
  const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
  bool again = handover().generation != 0;  // they are among its listeners
  bool ours = count && (again || (pid && atoi(pid) == getpid()));
  passed_end = ours ? kFirst + atoi(count) : kFirst;
  for (int fd : handover().listeners) inherited_listeners().push_back({Fd(fd), address_of(fd)});
  for (int fd = kFirst; !again && fd < passed_end; ++fd) {
    if (fcntl(fd, F_SETFD, FD_CLOEXEC)) break;  // fewer than promised
    if (!get_flag(fd, SOL_SOCKET, SO_ACCEPTCONN)) {
      log_warning("inherited descriptor %d is not a listening socket (left alone)", fd);
      continue;
    }
    if (set_nonblocking(fd, true)) inherited_listeners().push_back({Fd(fd), address_of(fd)});
  }
  const char *given = getenv("LISTEN_FDNAMES");
  int fd = kFirst;
  for (const std::string &name : split_quoted(given ? given : "", ":")) {
    for (InheritedListener &listener : inherited_listeners())
      if (listener.fd.get() == fd) listener.name = name;
    ++fd;
  }
  for (const char *name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  return static_cast<int>(inherited_listeners().size());
}

std::vector<int> unused_passed_listeners() {
  std::vector<int> unused;
  for (const InheritedListener &listener : inherited_listeners())
    if (listener.fd.get() < passed_end) unused.push_back(listener.fd.get());
  return unused;
}

std::vector<std::string> close_unused_listeners() {
  std::vector<std::string> names;
  for (const InheritedListener &listener : inherited_listeners())
    names.push_back(format_text("%s (descriptor %d)", listener.address.text().c_str(), listener.fd.get()));
  inherited_listeners().clear();
  return names;
}

void pass_on_sockets(Handover &to) {
  if (!to.trial) to.files = socket_files();
  to.any_port = any_port_listeners();
  for (int fd : datagram_sockets())  // those that are still open
    if (address_of(fd).len && !get_flag(fd, SOL_SOCKET, SO_ACCEPTCONN)) to.listeners.push_back(fd);
}

void unlink_socket_files() {
  for (const SocketFile &file : socket_files()) {
    struct stat status;
    // A server that was started since may have bound the path anew; its file has another inode.
    if (file.owner == uwsgi_master_pid() && lstat(file.path.c_str(), &status) == 0 &&
        status.st_dev == file.device && status.st_ino == file.inode)
      unlink(file.path.c_str());
  }
}

}  // namespace mortise
