#include "sdk/runtime/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <uwsgi.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>

#include "kernel/log.h"

namespace mortise {

namespace {

template <typename Int>
bool parse_whole(std::string_view text, Int *value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<SocketAddress> parse_ip(const std::string &host, uint16_t port) {
  SocketAddress address;
  if (host.empty() || inet_pton(AF_INET, host.c_str(), &address.in.sin_addr) == 1) {
    address.in.sin_family = AF_INET;
    address.in.sin_port = htons(port);
    address.len = sizeof address.in;
  } else if (inet_pton(AF_INET6, host.c_str(), &address.in6.sin6_addr) == 1) {
    address.in6.sin6_family = AF_INET6;
    address.in6.sin6_port = htons(port);
    address.len = sizeof address.in6;
  } else {
    return std::nullopt;
  }
  return address;
}

Result<std::vector<SocketAddress>> look_up(const Address &address, const std::string &what) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  int error = getaddrinfo(address.host.c_str(), nullptr, &hints, &found);
  if (error)
    return Error{what, "host '" + address.host + "' cannot be resolved: " + gai_strerror(error),
                 "check the name, or give an IP address", kExitNoAddress};
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (; found; found = found->ai_next) {
    SocketAddress one;
    memcpy(&one.storage, found->ai_addr, found->ai_addrlen);
    one.len = found->ai_addrlen;
    (one.family() == AF_INET ? one.in.sin_port : one.in6.sin6_port) = htons(address.port);
    addresses.push_back(one);
  }
  // uWSGI knows IPv4 alone, so "localhost" keeps its meaning.
  std::stable_partition(addresses.begin(), addresses.end(),
                        [](const auto &one) { return one.family() == AF_INET; });
  return addresses;
}

// "127.0.0.1:3031 # for nginx" without what follows the port. Paths are taken as they are.
std::string_view without_comment(std::string_view text) {
  std::string_view bare = text.substr(0, text.find(' '));
  size_t comment = text.find_first_not_of(' ', bare.size());
  if (comment == text.npos || (text[comment] != '#' && text[comment] != ';')) return text;
  if (bare.find('/') != bare.npos || bare.find(':') == bare.npos || bare[0] == '@') return text;
  log_warning("address '%.*s': the comment behind it was cut (put it on a line of its own)",
              static_cast<int>(text.size()), text.data());
  return bare;
}

}  // namespace

std::string shared_socket_address(const std::string &value, const uwsgi_string_list *shared) {
  char *rest = nullptr;
  if (!value.starts_with('=') || !isdigit(static_cast<unsigned char>(value[1]))) return value;
  unsigned long left = strtoul(value.c_str() + 1, &rest, 10);
  for (; shared && left; --left) shared = shared->next;
  return shared && (*rest == 0 || *rest == ',') ? std::string(shared->value) + rest : value;
}

Result<Address> parse_address(std::string_view text) {
  text = without_comment(text);
  Address address;
  address.text = text;
  auto refuse = [&](const char *why, std::string hint) {
    return Error{"address '" + log_escape(text) + "'", why, std::move(hint), kExitUsage};
  };
  auto is_path = [&](AddressKind kind, std::string_view path) -> Result<Address> {
    if (path.empty() || path.find('\0') != path.npos) return refuse("its name is empty or contains NUL", "");
    address.kind = kind;
    address.path = path;
    return address;
  };
  if (text.empty()) return refuse("it is empty", "write host:port, :port, /path, @abstract or fd://N");
  if (text.starts_with("fd://")) {
    address.kind = AddressKind::kInherited;
    if (parse_whole(text.substr(5), &address.fd) && address.fd >= 0) return address;
    address.fd = -1;
    address.path = text.substr(5);
    if (address.path.empty() || !isalpha(static_cast<unsigned char>(address.path[0])))
      return refuse("its descriptor is neither a number nor a name",
                    "write fd://3 for descriptor 3, fd://web for the one that the service manager calls so");
    return address;
  }
  if (text[0] == '@') return is_path(AddressKind::kAbstract, text.substr(1));
  if (text.starts_with("unix://")) return is_path(AddressKind::kUnix, text.substr(7));
  if (text.starts_with("unix:")) return is_path(AddressKind::kUnix, text.substr(5));
  size_t colon = text.rfind(':');
  if (text.find('/') != text.npos || colon == text.npos) {
    if (uint64_t number = 0; parse_whole(text, &number))
      return refuse("it is a bare number", "write ':" + address.text + "' for the TCP port, './" +
                                               address.text + "' for a socket file");
    if (parse_ip(address.text, 0)) return refuse("its port is missing", "write '" + address.text + ":8080'");
    return is_path(AddressKind::kUnix, text);
  }
  std::string_view host = text.substr(0, colon);
  if (!parse_whole(text.substr(colon + 1), &address.port))
    return refuse("its port is not a number from 0 to 65535", "write host:port");
  if (host.starts_with('[')) {
    address.host = host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
    if (auto ip = parse_ip(address.host, 0); !ip || ip->family() != AF_INET6)
      return refuse("what is in brackets is not an IPv6 address", "write [::1]:8080");
  } else if (host.find(':') != host.npos) {
    return refuse("an IPv6 address must be in brackets", "write [::1]:8080");
  } else if (host != "*") {
    address.host = host;
  }
  return address;
}

Result<std::vector<SocketAddress>> resolve(const Address &address, const char *verb) {
  std::string what = std::string(verb) + " " + address.text;
  if (address.kind == AddressKind::kTcp) {
    if (auto ip = parse_ip(address.host, address.port)) return std::vector<SocketAddress>{*ip};
    return look_up(address, what);
  }
  if (address.kind == AddressKind::kInherited)
    return Error{what, "a descriptor has no address", "use fd:// for listening alone", kExitUsage};
  SocketAddress one;
  one.un.sun_family = AF_UNIX;
  // The byte before an abstract name, and the one after a path, is NUL.
  size_t skip = address.kind == AddressKind::kAbstract ? 1 : 0;
  if (address.path.size() + 1 > sizeof one.un.sun_path)
    return Error{what,
                 "its path is longer than the " + std::to_string(sizeof one.un.sun_path - 1) +
                     " bytes that a "
                     "UNIX socket may have",
                 "choose a shorter path", kExitNoAddress};
  memcpy(one.un.sun_path + skip, address.path.data(), address.path.size());
  one.len = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.path.size() + 1);
  return std::vector<SocketAddress>{one};
}

Error bind_error(const Address &address, int errnum) {
  bool tcp = address.kind == AddressKind::kTcp;
  std::string folder = address.path.substr(0, address.path.rfind('/') + 1), hint;
  if (errnum == EADDRINUSE) {
    hint = "another process listens there; see it with: ";
    if (tcp)
      hint += "ss -ltnp 'sport = :" + std::to_string(address.port) + "'";
    else
      hint += "ss -lxp src " + std::string(address.kind == AddressKind::kAbstract ? "@" : "") + address.path;
    if (address.host == "::") hint += "; [::] serves IPv4 too, so list no other address of this port";
  } else if (errnum == EADDRNOTAVAIL) {
    hint = "no interface of this machine has it; see them with: ip addr; --freebind listens in advance";
  } else if (errnum == EACCES && tcp) {
    hint = "ports below 1024 need root or: setcap cap_net_bind_service=+ep ";
    hint += uwsgi.binary_path ? uwsgi.binary_path : "mortise";
  } else if (errnum == EACCES) {
    hint = "this user may not create files in " + (folder.empty() ? "." : folder);
  } else if (errnum == ENOENT) {
    hint = "create its folder: mkdir -p " + folder;
  } else if (errnum == EEXIST) {
    hint = "it is not a socket and is left alone; choose another path";
  }
  return system_error("bind " + address.text, errnum, hint, kExitNoAddress);
}

std::string SocketAddress::text() const {
  char host[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET)
    return std::string(inet_ntop(AF_INET, &in.sin_addr, host, sizeof host)) + ":" +
           std::to_string(ntohs(in.sin_port));
  if (family() == AF_INET6)
    return "[" + std::string(inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host)) +
           "]:" + std::to_string(ntohs(in6.sin6_port));
  size_t size = len > offsetof(sockaddr_un, sun_path) ? len - offsetof(sockaddr_un, sun_path) : 0;
  if (size > 0 && un.sun_path[0] == 0) return "@" + std::string(un.sun_path + 1, size - 1);
  return std::string(un.sun_path, strnlen(un.sun_path, size));
}

}  // namespace mortise
