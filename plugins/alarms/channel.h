// How alarms get from the process that raises them to the one that reacts: datagrams over a pair of sockets
// that all processes have. Nobody waits; what does not fit in is counted.
#pragma once

#include <uwsgi.h>

#include <atomic>
#include <cstdint>
#include <string_view>

namespace mortise::alarms {

class Channel {
 public:
  // Before the fork. False with errno where the system has no more descriptors.
  bool open();
  bool is_open() const { return sender_ >= 0; }

  // The message is cut at max_bytes. Async-signal-safe. [any process]
  void send_async_safe(std::string_view alarm, std::string_view message, size_t max_bytes);

  // What read() returns: the parts of one datagram, valid until the next call.
  struct Letter {
    std::string_view alarm;
    std::string_view message;
  };
  // False: there is none now. [alarms process]
  bool read(Letter &letter);
  int fd() const { return receiver_; }

  // How many were lost since the last call. [alarms process]
  uint64_t take_lost();

 private:
  std::atomic<int> sender_ = -1;  // set last: threads of plugins may ask before
  int receiver_ = -1;
  uint64_t *lost_ = nullptr;  // shared
  uint64_t reported_ = 0;
  char *buffer_ = nullptr;
  size_t buffer_bytes_ = 0;
};

Channel &channel();

}  // namespace mortise::alarms
