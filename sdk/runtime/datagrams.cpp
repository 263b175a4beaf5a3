// Datagram sockets, and what else plugins open by an address that does not listen for streams.
#include <uwsgi.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "kernel/fd.h"
#include "kernel/log.h"
#include "kernel/sockets.h"
#include "sdk/runtime/address.h"
#include "sdk/runtime/strings.h"

namespace {

using namespace mortise;

Result<SocketAddress> datagram_address(const char *text, const char *verb) {
  auto address = parse_address(text);
  if (!address) return address.error();
  auto found = resolve(*address, verb);
  if (!found) return found.error();
  return found->front();
}

int open_datagram(const char *text, const char *verb, int (*use)(int, const sockaddr *, socklen_t)) {
  auto address = datagram_address(text, verb);
  if (!address) return log_error(address.error()), -1;
  Fd fd(socket(address->family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return -1;
  if (use(fd.get(), &address->any, address->len)) {
    log_error("%s %s: %s", verb, text, strerror(errno));
    return -1;
  }
  return fd.release();
}

// Every member of a group on this machine gets what is sent to it.
int bind_shared(int fd, const sockaddr *address, socklen_t len) {
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind(fd, address, len);
}

}  // namespace

extern "C" {

int bind_to_udp(const char *address, int multicast, int broadcast) {
  auto where = datagram_address(address, "bind");
  Fd inherited = where && !multicast ? take_inherited_datagrams(*where) : Fd();
  const int fd =
      inherited ? inherited.release() : open_datagram(address, "bind", multicast ? bind_shared : bind);
  if (fd < 0) return -1;
  if (!multicast && getpid() == uwsgi_master_pid()) hand_over_datagrams(fd);
  const int on = 1;
  if (broadcast) setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  if (!multicast) return fd;
  ip_mreqn group{};
  if (where) group.imr_multiaddr = where->in.sin_addr;
  if (!where || setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group)) {
    log_error("join the multicast group of %s: %s", address, strerror(errno));
    close(fd);
    return -1;
  }
  return fd;
}

int bind_to_unix_dgram(char *path) {
  if (*path != '@') unlink(path);
  const std::string address = *path == '@' || *path == '/' ? path : std::string("./") + path;
  return open_datagram(address.c_str(), "bind", bind);
}

int uwsgi_connect_udp(char *address) {
  return open_datagram(address, "connect to", connect);
}

char *uwsgi_getsockname(int fd) {
  SocketAddress address;
  address.len = sizeof address.storage;
  if (getsockname(fd, &address.any, &address.len)) return nullptr;
  return copy_string(address.text());
}

int uwsgi_socket_from_addr(union uwsgi_sockaddr *out, socklen_t *len, char *text, int type) {
  auto address = datagram_address(text, "use");
  if (!address) return log_error(address.error()), -1;
  memcpy(out, &address->storage, std::min(sizeof *out, size_t{address->len}));
  *len = address->len;
  return socket(address->family(), type | SOCK_CLOEXEC, 0);
}

}  // extern "C"
