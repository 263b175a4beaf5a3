#include "client.h"

#include <uwsgi.h>

#include <charconv>
#include <utility>

#include "gateway_process.h"
#include "head_limits.h"
#include "limited_log.h"
#include "listener.h"
#include "options.h"
#include "proxy_header.h"
#include "trusted_proxies.h"

namespace mortise::http {

namespace {

// Requests that come early wait in memory up to here; then the client has to wait, too.
constexpr size_t kMaxEarlyBytes = 64 * 1024;
// A client that goes on sending after its last answer is listened to up to here.
constexpr uint64_t kMaxLingerMs = 30'000;

}  // namespace

Client::Client(Gateway &gateway, const Listener &listener, const sockaddr_storage &address)
    : gateway_(gateway),
      listener_(listener),
      state_(options.proxy_protocol ? State::kProxyHeader : State::kHead) {
  const void *source = nullptr;
  if (address.ss_family == AF_INET) {
    const auto &in = reinterpret_cast<const sockaddr_in &>(address);
    source = &in.sin_addr;
    port_ = ntohs(in.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto &in6 = reinterpret_cast<const sockaddr_in6 &>(address);
    source = &in6.sin6_addr;
    port_ = ntohs(in6.sin6_port);
  }
  if (source) inet_ntop(address.ss_family, source, address_, sizeof address_);
}

void Client::start() {
  gateway_.client_came();
  gateway_.head_deadlines.set(*this, uv_now(&gateway_.loop));
  if (listener_.transport().calls && !begin_transport()) drop();
}

bool Client::begin_transport() {
  transport_ = std::make_unique<Transport>(listener_.transport(), *this);
  tls_ = true;
  return transport_->is_open();
}

void Client::received(char *data, size_t len) {
  std::string_view bytes(data, len);
  count(gateway_.figures.received_bytes, len);
  if (state_ == State::kProxyHeader) {
    if (early_.empty()) return parse_proxy_header(bytes);
    early_.append(bytes);
    return parse_proxy_header(early_);
  }
  if (transport_) return pass_transport(bytes);
  take(bytes);
}

void Client::pass_transport(std::string_view bytes) {
  const int verdict = transport_->received(bytes);
  if (verdict == UWSGI_HTTP_GOES_ON || is_closed()) return;
  if (exchange_ || file_) return drop();
  transport_.reset();
  if (verdict == UWSGI_HTTP_PLAIN) return refuse(400, "a plain HTTP request to a port for HTTPS");
  close_gently(true);  // what the transport had to say has to arrive
}

void Client::take(std::string_view bytes) {
  switch (state_) {
    case State::kProxyHeader:
      return;
    case State::kIdle:
      if (queued_bytes() > 0) return keep_for_later(bytes);
      state_ = State::kHead;
      wait_in(gateway_.head_deadlines);
      [[fallthrough]];
    case State::kHead:
      if (early_.empty()) return parse(bytes);
      early_.append(bytes);
      return parse(early_);
    case State::kRequest:
      touch();
      return exchange_->is_tunnel() ? exchange_->tunnel_from_client(bytes) : take_body(bytes);
    case State::kFile:
      return keep_for_later(bytes);
    case State::kDiscard:
      gateway_.linger_deadlines.set(*this, uv_now(&gateway_.loop));
      return take_body(bytes);
    case State::kLinger:
      // It may still be busy sending and not have read its answer.
      if (!gateway_.stopping && uv_now(&gateway_.loop) < linger_until_ms_)
        gateway_.linger_deadlines.set(*this, uv_now(&gateway_.loop));
      return;
  }
}

// `bytes` is all that there is of the head: a view of early_, or of what was just read.
void Client::parse(std::string_view bytes) {
  for (;;) {
    ParseResult result = parse_request_head(bytes, gateway_.limits, gateway_.request_head, hint_);
    is_head_ = result.verdict != Verdict::kNeedMore && gateway_.request_head.method == "HEAD";
    switch (result.verdict) {
      case Verdict::kNeedMore:
        if (at_end_) return drop();
        if (early_.empty()) early_.assign(bytes);
        return;
      case Verdict::kRefused:
        return refuse(result.status, result.reason);
      case Verdict::kComplete:
        hint_ = 0;
        count(gateway_.figures.requests);
        if (listener_.redirects()) return redirect();
        if (!answer_here(bytes, result.consumed)) return begin_request(bytes, result.consumed);
        if (state_ != State::kHead) return;  // else another request is there
        bytes = early_;
    }
  }
}

void Client::parse_proxy_header(std::string_view bytes) {
  ProxyHeader header;
  ParseResult result = mortise::http::parse_proxy_header(bytes, header);
  if (result.verdict == Verdict::kRefused) return refuse(result.status, result.reason);
  if (result.verdict == Verdict::kNeedMore) {
    if (early_.empty()) early_.assign(bytes);
    return;
  }
  if (*header.address) {
    memcpy(address_, header.address, sizeof address_);
    port_ = header.port;
  }
  tls_ = tls_ || header.tls;
  const std::string rest(bytes.substr(result.consumed));
  early_.clear();
  state_ = State::kHead;
  if (rest.empty()) return;
  if (transport_) return pass_transport(rest);
  take(rest);
}

void Client::begin_request(std::string_view bytes, size_t head_bytes) {
  const RequestHead &head = gateway_.request_head;
  char port[5];
  const char *port_end = std::to_chars(port, port + sizeof port, port_).ptr;
  Endpoints ends{.remote_addr = address_,
                 .remote_port = {port, static_cast<size_t>(port_end - port)},
                 .server_name = uwsgi.hostname,
                 .server_port = listener_.port(),
                 .tls = tls_};
  apply_proxy_claims(head, ends);
  std::string_view packet = gateway_.packets.write(head, ends, transport_.get());
  if (packet.empty())
    return refuse(status_of_too_many_variable_bytes(head, gateway_.limits), kTooManyVariableBytes);
  if (head.content_length > gateway_.limits.max_body_bytes) return refuse(413, kTooLargeBody);
  exchange_ = gateway_.take_exchange();
  exchange_->begin(*this, head, packet, head.keep_alive && gateway_.idle_deadlines.duration_ms() > 0);
  state_ = State::kRequest;
  gateway_.progress_deadlines.set(*this, uv_now(&gateway_.loop));

  // The head's views end here: what comes early again takes the place of what was early.
  const std::string held = std::exchange(early_, {});
  std::string_view rest = (held.empty() ? bytes : std::string_view(held)).substr(head_bytes);
  const bool goes_along = exchange_->awaits_body() ||
                          rest.size() <= Exchange::kOnePieceBytes;  // else it would be copied for nothing
  if (goes_along && !rest.empty()) take_body(rest);
  if (exchange_) exchange_->submit();  // else the body was refused
  if (exchange_ && !goes_along) take_body(rest);
  const bool is_cut_short =
      at_end_ && exchange_ && state_ == State::kRequest && !exchange_->request_complete();
  if (is_cut_short) exchange_->body_ended_early();  // the end came with an earlier request
}

void Client::take_body(std::string_view bytes) {
  size_t taken = exchange_->take_body(bytes);
  if (const char *error = exchange_->body_error())
    return state_ == State::kRequest ? exchange_->fail(exchange_->body_error_status(), error)
                                     : close_gently(true);
  if (taken < bytes.size()) keep_for_later(bytes.substr(taken));
  if (state_ == State::kRequest) return exchange_->submit();
  if (state_ == State::kDiscard && exchange_->request_complete()) {
    end_exchange();
    next_request();
  }
}

void Client::keep_for_later(std::string_view bytes) {
  early_.append(bytes);
  if (early_.size() >= kMaxEarlyBytes) pause_reading();
}

void Client::begin_tunnel() {
  gateway_.tunnels.set(*this, 0);
  int on = 1;  // finds out when a silent peer is gone
  if (listener_.family() != AF_UNIX) setsockopt(fd(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  resume_reading();
  std::string early = std::exchange(early_, {});
  if (!early.empty()) exchange_->tunnel_from_client(early);
  if (at_end_ && !is_closed()) exchange_->client_ended();
}

void Client::end_tunnel() {
  end_writing();
  wait_for_end();
}

void Client::touch() {
  if (exchange_ && exchange_->is_tunnel()) return;
  gateway_.progress_deadlines.set(*this, uv_now(&gateway_.loop));
}

void Client::expect_connect() {
  gateway_.connect_deadlines.set(*this, uv_now(&gateway_.loop));
}

void Client::response_done(bool keep) {
  resume_reading();
  const bool complete = exchange_->request_complete();
  if (!keep || (gateway_.stopping && !complete)) return close_gently(!complete);
  if (complete) {
    end_exchange();
    return next_request();
  }
  state_ = State::kDiscard;
  gateway_.linger_deadlines.set(*this, uv_now(&gateway_.loop));
}

void Client::next_request() {
  state_ = State::kIdle;
  wait_in(gateway_.idle_deadlines);
  if (queued_bytes() > 0) return;  // goes on when the client has taken the last answer
  resume_reading();
  if (!early_.empty()) {
    state_ = State::kHead;
    wait_in(gateway_.head_deadlines);
    return parse(early_);
  }
  if (at_end_) drop();
}

// A client that was told that it stays has time for a request also where the gateway stops; its answer says
// otherwise.
void Client::wait_in(DeadlineQueue &queue) {
  (gateway_.stopping ? gateway_.stop_deadlines : queue).set(*this, uv_now(&gateway_.loop));
}

void Client::drained() {
  if (state_ == State::kRequest) return exchange_->client_drained();
  if (state_ == State::kFile) return go_on_with_file();
  if (state_ == State::kIdle) return next_request();
  if (state_ != State::kLinger) return;
  if (at_end_) return drop();
  gateway_.linger_deadlines.set(*this, uv_now(&gateway_.loop));
}

void Client::ended(int error) {
  if (error) return drop();
  end_of_http();
}

void Client::end_of_http() {
  if (std::exchange(at_end_, true)) return;  // said by the transport, and then by the socket
  switch (state_) {
    case State::kFile:  // its other side may still read
      return;
    case State::kProxyHeader:
    case State::kIdle:
    case State::kHead:
    case State::kLinger:
      if (queued_bytes() == 0) drop();
      return;
    case State::kRequest:
      if (exchange_->is_tunnel()) return exchange_->client_ended();
      if (!exchange_->request_complete()) exchange_->body_ended_early();
      return;
    case State::kDiscard:
      return close_gently(false);
  }
}

void Client::expired() {
  switch (state_) {
    case State::kFile:
      log_limited("http: a file for %s: the client does not read (closed)", name());
      return drop();
    case State::kProxyHeader:
      return drop();
    case State::kHead:
      return early_.empty() ? drop() : refuse(408, "no whole request head within --http-headers-timeout");
    case State::kRequest:
      return exchange_->timed_out();
    case State::kIdle:  // timers come before what there is to read
      return queued_bytes() == 0 && has_unread() ? wait_in(gateway_.head_deadlines) : leave();
    case State::kDiscard:
    case State::kLinger:
      return drop();
  }
}

void Client::stop_if_idle() {
  const bool nothing_to_lose = state_ == State::kIdle || state_ == State::kLinger ||
                               state_ == State::kProxyHeader || (state_ == State::kHead && early_.empty());
  if (nothing_to_lose && queued_bytes() == 0 && !has_unread()) return leave();
  // An upgraded connection has no end of its own: the application sees that of the client, and may say
  // goodbye.
  if (state_ == State::kRequest && exchange_->is_tunnel()) exchange_->client_ended();
  gateway_.stop_deadlines.set(*this, uv_now(&gateway_.loop));
}

void Client::mercy_ends() {
  if (state_ == State::kRequest) return exchange_->mercy_ends();
  gateway_.progress_deadlines.set(*this, uv_now(&gateway_.loop));
}

void Client::end_exchange() {
  gateway_.give_back(std::move(exchange_));
}

bool Client::has_unread() {
  int bytes = 0;
  return ioctl(fd(), FIONREAD, &bytes) != 0 || bytes > 0;
}

// expects_more: the client may still be sending.
void Client::close_gently(bool expects_more) {
  if (exchange_) end_exchange();
  const bool may_close = !expects_more && early_.empty() && queued_bytes() == 0 && !has_unread();
  if (may_close || (at_end_ && queued_bytes() == 0)) return leave();
  state_ = State::kLinger;
  early_ = {};
  resume_reading();
  end_writing();
  wait_for_end();
}

void Client::say_goodbye() {
  if (transport_) transport_->end();
}

// Closes what was not cut short.
void Client::leave() {
  say_goodbye();
  drop();
}

void Client::end_writing() {
  say_goodbye();
  Stream::end_writing();
}

void Client::wait_for_end() {
  const uint64_t now = uv_now(&gateway_.loop);
  linger_until_ms_ = now + kMaxLingerMs;
  (queued_bytes() > 0  ? gateway_.progress_deadlines
   : gateway_.stopping ? gateway_.stop_deadlines
                       : gateway_.linger_deadlines)
      .set(*this, now);
}

void Client::drop() {
  if (is_closed()) return;
  if (exchange_) {
    exchange_->abandon();
    end_exchange();
  }
  clear();
  close();
  gateway_.client_gone();
}

}  // namespace mortise::http
