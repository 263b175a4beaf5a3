// One address of the gateway: bound in the master, accepting in the gateway process. Out of descriptors it
// rests instead of spinning.
#pragma once

#include <uwsgi.h>

#include <string>
#include <string_view>

#include "transport.h"
#include "uv_handle.h"

namespace mortise::http {

struct Gateway;

class Listener {
 public:
  // Binds, or ends the server with a message. [master]
  static Listener bind(const char *address, const TransportKind &transport = {});

  // The bound name: host:port, or the path of a UNIX socket.
  const std::string &name() const { return name_; }
  std::string_view port() const;
  int family() const { return family_; }
  const TransportKind &transport() const { return transport_; }
  // Every request is sent away, to HTTPS; port: "" for that of our own address.
  void redirect_to(std::string port) {
    redirects_ = true;
    redirect_port_ = std::move(port);
  }
  bool redirects() const { return redirects_; }
  const std::string &redirect_port() const { return redirect_port_; }
  // What a client would type, for the log.
  std::string url() const;

  // [gateway]
  bool start(Gateway &gateway);
  void stop() { poll_.reset(); }
  void end_rest();  // accepts again
  // [worker] Lets go of the descriptor.
  void close();

 private:
  void accept_one();
  void rest(const char *cause);

  int fd_ = -1;
  int family_ = AF_INET;
  std::string name_;
  TransportKind transport_;
  bool redirects_ = false;
  std::string redirect_port_;
  Gateway *gateway_ = nullptr;
  UvHandle<uv_poll_t> poll_;
  uint64_t logged_ms_ = 0;  // when the last rest was told
};

}  // namespace mortise::http
