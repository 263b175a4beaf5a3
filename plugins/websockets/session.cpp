#include "session.h"

namespace mortise::websockets {

Options options;

namespace {

constexpr int kLookAroundS = 1;  // while waiting: is the server to stop, is a ping due?

}  // namespace

Session::Session(wsgi_request *request)
    : request_(request), started_us_(request->start_of_request), last_ping_us_(uwsgi_monotonic_micros()) {
  wslay_event_callbacks callbacks{};
  callbacks.recv_callback = read_some;
  callbacks.send_callback = write_some;
  callbacks.on_msg_recv_callback = take;
  if (wslay_event_context_server_init(&context_, &callbacks, this)) {
    lost_ = true;
    return;
  }
  wslay_event_config_set_max_recv_msg_length(context_, static_cast<uint64_t>(options.max_kb) * 1024);
}

Session::~Session() {
  if (context_) wslay_event_context_free(context_);
}

ssize_t Session::read_some(wslay_event_context *context, uint8_t *buf, size_t len, int, void *self) {
  auto &session = *static_cast<Session *>(self);
  for (;;) {
    const ssize_t got = uwsgi_req_raw_read(session.request_, reinterpret_cast<char *>(buf), len);
    if (got > 0) return got;
    if (got < 0 && errno == EINTR) continue;
    // A gateway that stops ends only this direction: the client can still be told.
    session.ended_ = got == 0;
    session.lost_ = got < 0 && !uwsgi_is_again();
    const bool nothing_yet = !session.ended_ && !session.lost_;
    wslay_event_set_error(context, nothing_yet ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
  }
}

// Waits for a client that reads slowly, as any response does.
ssize_t Session::write_some(wslay_event_context *context, const uint8_t *data, size_t len, int, void *self) {
  auto &session = *static_cast<Session *>(self);
  if (uwsgi_response_write_body_do(session.request_, reinterpret_cast<const char *>(data), len) == UWSGI_OK)
    return static_cast<ssize_t>(len);
  session.lost_ = true;
  wslay_event_set_error(context, WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

void Session::take(wslay_event_context *, const wslay_event_on_msg_recv_arg *message, void *self) {
  auto &session = *static_cast<Session *>(self);
  if (message->opcode == WSLAY_PONG) session.pong_due_ = false;
  if (message->opcode == WSLAY_TEXT_FRAME || message->opcode == WSLAY_BINARY_FRAME)
    session.messages_.emplace_back(reinterpret_cast<const char *>(message->msg), message->msg_length);
}

bool Session::flush() {
  while (!lost_ && wslay_event_want_write(context_))
    if (wslay_event_send(context_)) lost_ = true;
  return !lost_;
}

void Session::close(uint16_t code) {
  wslay_event_queue_close(context_, code, nullptr, 0);
  flush();
  request_->websocket_closed = 1;
}

void Session::say_goodbye(uint16_t code) {
  const char frame[] = {static_cast<char>(0x88), 2, static_cast<char>(code >> 8),
                        static_cast<char>(code & 0xff)};
  if (!lost_) uwsgi_response_write_body_do(request_, frame, sizeof frame);
  lost_ = true;
  request_->websocket_closed = 1;
}

bool Session::keep_alive() {
  if (options.ping_freq_s <= 0) return true;
  const uint64_t now = uwsgi_monotonic_micros(), passed_s = (now - last_ping_us_) / 1000000;
  if (pong_due_ && passed_s > static_cast<uint64_t>(options.pong_tolerance_s)) {
    uwsgi_log("websocket of %.*s: no answer to a ping within %d s (closed)\n", request_->uri_len,
              request_->uri, options.pong_tolerance_s);
    return false;
  }
  if (!pong_due_ && passed_s >= static_cast<uint64_t>(options.ping_freq_s)) {
    const wslay_event_msg ping = {WSLAY_PING, nullptr, 0};
    last_ping_us_ = now;
    pong_due_ = true;
    return wslay_event_queue_msg(context_, &ping) == 0 && flush();
  }
  return true;
}

Session::Received Session::receive(bool wait, std::string *message) {
  for (;;) {
    if (!messages_.empty()) {
      *message = std::move(messages_.front());
      messages_.pop_front();
      return Received::kMessage;
    }
    if (lost_ || !wslay_event_want_read(context_)) return Received::kClosed;
    const int result = wslay_event_recv(context_);
    if (result) {
      // wslay has queued a close without a code; the client learns more from one that has one.
      say_goodbye(ended_ ? WSLAY_CODE_GOING_AWAY : WSLAY_CODE_PROTOCOL_ERROR);
      continue;
    }
    if (!flush()) continue;  // answers pings, ends the close handshake
    if (!messages_.empty()) continue;
    if (wslay_event_get_close_received(context_) || wslay_event_get_close_sent(context_)) {
      request_->websocket_closed = 1;
      return Received::kClosed;
    }
    if (!keep_alive()) return close(WSLAY_CODE_PROTOCOL_ERROR), Received::kClosed;
    if (uwsgi_stopping()) return close(WSLAY_CODE_GOING_AWAY), Received::kClosed;
    if (!wait) return Received::kNothing;
    if (uwsgi.wait_read_hook(request_->fd, kLookAroundS) < 0) return Received::kClosed;
  }
}

bool Session::send(uint8_t opcode, const char *message, size_t len) {
  if (lost_ || wslay_event_get_close_received(context_) || wslay_event_get_close_sent(context_)) return false;
  const wslay_event_msg queued = {opcode, reinterpret_cast<const uint8_t *>(message), len};
  return wslay_event_queue_msg(context_, &queued) == 0 && flush();
}

}  // namespace mortise::websockets
