// Tells the gateway's figures at the addresses of --http-stats: one JSON text a connection, with an HTTP head
// where --stats-http asks for it.
#pragma once

#include <uwsgi.h>

#include <string>
#include <vector>

#include "uv_handle.h"

namespace mortise::http {

class Board;
struct Gateway;

class StatsServer {
 public:
  // Binds, or ends the server with a message. [master]
  void bind(const char *address);
  // [gateway]
  void start(Gateway &gateway);
  void stop() { polls_.clear(); }
  // [worker] Lets go of the descriptors.
  void close();

 private:
  void answer(int fd);

  std::vector<int> fds_;
  std::vector<UvHandle<uv_poll_t>> polls_;
  Gateway *gateway_ = nullptr;
};

}  // namespace mortise::http
