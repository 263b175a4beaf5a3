// Where to listen or to connect: an address as operators write it, taken apart, resolved, and written again.
// Opens no socket.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <string_view>
#include <vector>

#include "kernel/result.h"

struct uwsgi_string_list;

namespace mortise {

enum class AddressKind { kTcp, kUnix, kAbstract, kInherited };

// host:port, :port, *:port, [::1]:port, path, unix:path, @abstract, fd://N or fd://NAME.
struct Address {
  AddressKind kind = AddressKind::kTcp;
  std::string text;   // as given; what messages show
  std::string host;   // kTcp: empty for every interface, an IPv6 address without its brackets
  uint16_t port = 0;  // kTcp: 0 lets the system choose
  std::string
      path;     // kUnix: of the socket file; kAbstract: the name without '@'; kInherited: of the descriptor
  int fd = -1;  // kInherited, where it is a number
};

// What a shared-socket's number stands for, in front of anything else: "=0" is the first of these addresses.
// An address without one is itself.
std::string shared_socket_address(const std::string &value, const uwsgi_string_list *shared);

// A comment behind host:port is cut, with a warning: neither has blanks in it, and uWSGI reads as far as the
// port. A bare number or IP address is refused: uWSGI creates a socket file of that name, which nobody wants.
// [any thread]
Result<Address> parse_address(std::string_view text);

// What the system calls take.
struct SocketAddress {
  union {
    sockaddr any;
    sockaddr_in in;
    sockaddr_in6 in6;
    sockaddr_un un;
    sockaddr_storage storage;
  };
  socklen_t len = 0;

  SocketAddress() : storage{} {}
  int family() const { return any.sa_family; }
  // "127.0.0.1:80", "[::1]:80", "/path", "@abstract".
  std::string text() const;
};

// All that a TCP or UNIX address stands for, IPv4 first; asks the system's resolver for names alone. what:
// the beginning of an Error, such as "bind". [any thread]
Result<std::vector<SocketAddress>> resolve(const Address &address, const char *what);

// Why nothing can listen there, with what to do about it. Its exit code is kExitNoAddress.
Error bind_error(const Address &address, int errnum);

}  // namespace mortise
