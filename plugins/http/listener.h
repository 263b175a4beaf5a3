// One address of the gateway: bound in the master, accepting in the gateway process. Out of descriptors it
// rests instead of spinning.
#pragma once

#include <uwsgi.h>

#include <string>
#include <string_view>

#include "uv_handle.h"

namespace mortise::http {

struct Gateway;

class Listener {
 public:
  // Binds, or ends the server with a message. [master]
  static Listener bind(const char *address);

  // The bound name: host:port, or the path of a UNIX socket.
  const std::string &name() const { return name_; }
  std::string_view port() const;
  int family() const { return family_; }
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
  Gateway *gateway_ = nullptr;
  UvHandle<uv_poll_t> poll_;
  uint64_t logged_ms_ = 0;  // when the last rest was told
};

}  // namespace mortise::http
