// Listening sockets: bound, taken over from the process that started us, their files removed at the end.
// Accepting is kernel/core_loop's, protocols are plugins'.
#pragma once

#include <uwsgi.h>

#include <string>
#include <vector>

#include "kernel/fd.h"
#include "kernel/handover.h"
#include "kernel/result.h"
#include "sdk/runtime/address.h"

namespace mortise {

struct BindOptions {
  int backlog = SOMAXCONN;
  int mode = -1;                // of a socket file; -1: 0660 less the umask
  std::string owner;            // of a socket file: "user", "user:group", ":group"; empty: unchanged
  bool abstract_names = false;  // paths mean abstract names
  bool reuse_port = false;      // other servers may listen at the same TCP address
  bool freebind = false;        // no interface need have the address yet
};

// What --listen, --chmod-socket, --chown-socket, --freebind and their like ask for. [master, before fork]
BindOptions configured_bind_options();

// A listening socket: close-on-exec and non-blocking.
struct BoundSocket {
  Fd fd;
  std::string name;  // as given; as bound where the port was 0 or the descriptor inherited
  int family = AF_UNSPEC;
  bool inherited = false;
};

// Binds and listens, or takes over the inherited listener with the same address. A socket file whose server
// is dead is replaced. Errors carry kExitNoAddress. [master, before fork]
Result<BoundSocket> bind_address(const Address &address, const BindOptions &options);

// The socket of that address which the generation before received datagrams on; none: it had none. The port
// 0 is any that the system chose. [master, before fork]
Fd take_inherited_datagrams(const SocketAddress &address);
// The next generation will have it, if it is still open then.
void hand_over_datagrams(int fd);

// A listener with a random abstract name, "@mortise-<pid>-<hex>", for processes of this server: whoever
// accepts asks peer_is_ours(), as abstract names have no permissions. [master, before fork]
Result<BoundSocket> bind_private();

// Whether the peer of a connected UNIX socket runs as this process' user or as root. [any thread]
bool peer_is_ours(int fd);

// Takes the listeners that the service manager, sd_listen_fds(3), or the generation before passed, for
// bind_address() to find; removes LISTEN_* from the environment. Returns their number. [main, before bind]
int adopt_inherited_listeners();

// Those of the service manager, in this generation or one before, that no address asked for yet. [master]
std::vector<int> unused_passed_listeners();

// Closes those that no address asked for; their names, such as "127.0.0.1:80 (descriptor 3)". [master]
std::vector<std::string> close_unused_listeners();

// What the next generation, or a trial of it, has to know of this one's sockets. [master]
void pass_on_sockets(Handover &to);

// Removes the socket files that the master bound and that are still its own. [master; processes that survived
// it]
void unlink_socket_files();

}  // namespace mortise
