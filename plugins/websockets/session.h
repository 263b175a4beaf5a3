// One WebSocket on the connection of a request: messages in and out, pings, the close handshake. The frames
// are wslay's business.
#pragma once

#include <uwsgi.h>
#include <wslay/wslay.h>

#include <deque>
#include <memory>
#include <string>

namespace mortise::websockets {

struct Options {
  int ping_freq_s = 30;      // 0: no pings
  int pong_tolerance_s = 3;  // how long an answer to one may take
  int max_kb = 1024;         // of one message
};
extern Options options;

class Session {
 public:
  explicit Session(wsgi_request *request);
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  enum class Received { kMessage, kNothing, kClosed };
  // The next message; waits for it unless told not to.
  Received receive(bool wait, std::string *message);
  // False where the client is gone.
  bool send(uint8_t opcode, const char *message, size_t len);

  bool belongs_to(const wsgi_request *request) const {
    return request_ == request && started_us_ == request->start_of_request;
  }

 private:
  static ssize_t read_some(wslay_event_context *, uint8_t *buf, size_t len, int flags, void *self);
  static ssize_t write_some(wslay_event_context *, const uint8_t *data, size_t len, int flags, void *self);
  static void take(wslay_event_context *, const wslay_event_on_msg_recv_arg *, void *self);

  bool flush();
  bool keep_alive();  // pings; false where the client does not answer them
  void close(uint16_t code);
  void say_goodbye(uint16_t code);  // past wslay, which has given up

  wsgi_request *request_;
  uint64_t started_us_;
  wslay_event_context *context_ = nullptr;
  std::deque<std::string> messages_;
  bool ended_ = false;  // the client sends no more
  bool lost_ = false;   // the connection ended or failed
  uint64_t last_ping_us_;
  bool pong_due_ = false;
};

}  // namespace mortise::websockets
