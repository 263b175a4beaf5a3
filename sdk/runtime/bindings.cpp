// Listening sockets that plugins bind for themselves.
#include <uwsgi.h>

#include "kernel/log.h"
#include "kernel/sockets.h"
#include "sdk/runtime/strings.h"

using namespace mortise;

namespace {

Result<BoundSocket> bind_text(const char *text, const BindOptions &options) {
  auto address = parse_address(text ? text : "");
  if (!address) return address.error();
  return bind_address(*address, options);
}

// The descriptor, or -1 with a line in the log; errno is as the system left it.
int give_out(Result<BoundSocket> bound) {
  if (bound) return bound->fd.release();
  log_error(bound.error());
  return -1;
}

}  // namespace

extern "C" {

// The port is a pointer to its ':' in the address, where callers may have cut the address.
int bind_to_tcp(const char *address, int listen_queue, char *port) {
  BindOptions options;
  if (listen_queue > 0) options.backlog = listen_queue;
  std::string text = address ? address : "";
  if (port && text.find(':', text.rfind(']') + 1) == text.npos)
    text.append(":").append(port + (*port == ':' || !*port));
  return give_out(bind_text(text.c_str(), options));
}

int bind_to_unix(const char *path, int listen_queue, int chmod_socket, int abstract_socket) {
  BindOptions options = configured_bind_options();
  if (listen_queue > 0) options.backlog = listen_queue;
  if (!chmod_socket) options.mode = -1;
  Address address;
  address.text = path ? path : "";
  bool marked = address.text.starts_with('@');
  address.kind = abstract_socket || marked ? AddressKind::kAbstract : AddressKind::kUnix;
  address.path = address.text.substr(marked ? 1 : 0);
  return give_out(bind_address(address, options));
}

int uwsgi_bind_or_exit(const char *address, char **bound_name) {
  auto bound = bind_text(address, configured_bind_options());
  if (!bound) {
    log_error(bound.error());
    uwsgi_exit(bound.error().exit_code);
  }
  if (bound_name) *bound_name = copy_string(bound->name);
  return bound->fd.release();
}

}  // extern "C"
