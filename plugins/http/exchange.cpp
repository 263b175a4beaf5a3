#include "exchange.h"

#include <uwsgi.h>

#include <utility>

#include "client.h"
#include "field_list.h"
#include "folded.h"
#include "gateway_process.h"
#include "limited_log.h"
#include "options.h"
#include "subscriptions.h"
#include "upstream.h"

namespace mortise::http {

namespace {

// Until a worker is free, the beginning of a body waits in memory up to here; then the client has to wait,
// too.
constexpr size_t kMaxUnsentBytes = 64 * 1024;

bool accepts_gzip(const RequestHead &head) {
  bool accepts = false;
  for (const HeaderField &field : head.headers()) {
    if (field.id != HeaderId::kAcceptEncoding) continue;
    for_each_element(field.value, [&accepts](std::string_view element) {
      const size_t end = std::min(element.find_first_of("; \t"), element.size());
      if (!equals_folded(element.substr(0, end), "gzip")) return;
      const size_t weight = element.find("q=");
      accepts = weight == element.npos || element.find_first_of("123456789", weight) != element.npos;
    });
  }
  return accepts;
}

}  // namespace

void Exchange::begin(Client &client, const RequestHead &head, std::string_view packet, bool keep) {
  client_ = &client;
  upstream_ = nullptr;
  unsent_.assign(packet);
  if (subscriptions.wanted()) host_ = head.host;
  request_body_ = head.chunked ? BodyTracker::chunked() : BodyTracker::of_length(head.content_length);
  body_bytes_ = 0;
  body_failure_ = 0;
  max_body_bytes_ = gateway_.limits.max_body_bytes;
  is_head_ = head.method == "HEAD";
  wants_upgrade_ = !head.upgrade.empty();
  expects_continue_ = head.expect_continue;
  minor_ = head.minor;
  client_keeps_ = keep;
  retries_ = 0;
  sent_at_once_ = request_lost_ = client_at_end_ = upstream_at_end_ = submitted_ = was_continued_ = false;
  accepts_gzip_ = options.auto_gzip && accepts_gzip(head);
  const int buffered = std::max(options.post_buffering, uwsgi.post_buffering);
  stores_body_ = buffered > 0 && !request_body_.ended();
  gathers_body_ = !stores_body_ && !head.chunked && !head.expect_continue && !request_body_.ended() &&
                  head.content_length <= kOnePieceBytes;
  if (stores_body_ && std::exchange(expects_continue_, false)) {
    was_continued_ = true;
    client.write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  stage_ = Stage::kHead;
  reframe_ = Reframe::kNone;
  begun_ = upstream_keeps_ = false;
  hint_ = 0;
  partial_head_.clear();
  response_body_ = {};
}

size_t Exchange::take_body(std::string_view bytes) {
  const size_t taken =
      request_body_.take(bytes, [this](std::string_view data) { body_bytes_ += data.size(); });
  if (taken > 0) expects_continue_ = false;  // who sends some of it does not wait (RFC 9110 §10.1.1)
  if (body_too_large()) return taken;
  if (taken == 0 || !client_ || request_lost_) return taken;
  if (stores_body_) {
    const int in_memory = std::max(options.post_buffering, uwsgi.post_buffering);
    if (!stored_.append(bytes.substr(0, taken), static_cast<size_t>(in_memory), options.post_buffering_dir))
      body_failure_ = errno;
    return taken;
  }
  if (!upstream_) {
    unsent_.append(bytes.substr(0, taken));
    if (unsent_.size() >= kMaxUnsentBytes) client_->pause_reading();
    return taken;
  }
  sent_at_once_ = false;
  if (!upstream_->write(bytes.substr(0, taken))) {
    request_lost();
  } else if (upstream_->queued_bytes() > 0) {
    client_->pause_reading();
  }
  return taken;
}

void Exchange::submit() {
  if (awaits_body() || std::exchange(submitted_, true)) return;
  gateway_.dispatcher.submit(*this);
}

bool Exchange::send_on(Upstream &upstream) {
  if (!upstream.write(unsent_)) return false;
  upstream_ = &upstream;
  stored_.rewind();
  const bool waits = upstream.queued_bytes() > 0;
  sent_at_once_ = !waits && unsent_.size() <= kOnePieceBytes && stored_.empty();
  const bool ours = upstream.backend().is_ours();
  // Our workers ask for the body when the application does; others are not known to.
  if (std::exchange(expects_continue_, expects_continue_ && ours) && !ours)
    client_->write("HTTP/1.1 100 Continue\r\n\r\n");
  if (waits && !ours) client_->expect_connect();
  if (waits) {
    client_->pause_reading();
  } else {
    client_->resume_reading();
  }
  if (!waits) send_stored_body();
  if (client_at_end_) upstream.end_writing();
  return true;
}

void Exchange::send_stored_body() {
  while (upstream_ && !request_lost_ && !stored_.at_end() && upstream_->queued_bytes() == 0) {
    char piece[ReadBuffer::kBytes];
    ssize_t got = stored_.read(piece, sizeof piece);
    if (got <= 0) return fail(500, "the stored request body cannot be read");
    if (!upstream_->write({piece, static_cast<size_t>(got)})) return request_lost();
  }
}

// Why is said by what the upstream has sent: an early answer, or its end.
void Exchange::request_lost(int error) {
  if (is_failed_connect(error)) return upstream_ended(error);
  request_lost_ = true;
  client_->resume_reading();
}

void Exchange::upstream_drained() {
  client_->touch();
  if (!stored_.at_end()) return send_stored_body();
  client_->resume_reading();
}

// The application decides, as it does without a gateway: reading such a body fails with 400, an answer that
// does not need it stands.
void Exchange::body_ended_early() {
  if (stores_body_ && awaits_body()) return fail(400, "a request body that ends before its length");
  client_at_end_ = true;
  client_keeps_ = false;
  if (std::exchange(gathers_body_, false) && !submitted_) return submit();
  if (upstream_ && !request_lost_) upstream_->end_writing();
}

void Exchange::client_drained() {
  if (client_at_end_ && upstream_at_end_) return client_->drop();
  client_->touch();
  if (!spooled_.at_end()) return send_spooled();
  if (upstream_) upstream_->resume_reading();
}

bool Exchange::is_failed_connect(int error) {
  return error == UV_ECONNREFUSED || error == UV_EHOSTUNREACH || error == UV_ENETUNREACH;
}

// True when the request is certainly one that no worker has begun. A UNIX socket that is closed with bytes
// unread, or before it was accepted, resets its peer; after the bytes were read it just ends.
bool Exchange::may_retry(int error) const {
  if (begun_) return false;
  if (!upstream_->backend().is_ours())  // what only a failed connect brings
    return retries_ < kMaxConnects && is_failed_connect(error);
  return retries_ == 0 && sent_at_once_ && (error == UV_ECONNRESET || error == UV_EPIPE);
}

void Exchange::upstream_ended(int error) {
  upstream_at_end_ = true;
  if (stage_ == Stage::kTunnel) {
    if (error || (client_at_end_ && client_->queued_bytes() == 0)) return client_->drop();
    return client_->end_tunnel();
  }
  if (stage_ == Stage::kBody && response_body_.ends_with_connection() && error == 0) {
    std::string end;
    reframe({}, true, end);
    if (!send_to_client(end, {})) return client_->drop();
    return finish(false);
  }
  if (may_retry(error)) {
    ++retries_;
    count(gateway_.figures.retried);
    upstream_at_end_ = request_lost_ = false;
    gateway_.dispatcher.failed(upstream_->backend());
    gateway_.dispatcher.release(*std::exchange(upstream_, nullptr), Outcome::kBroken);
    return gateway_.dispatcher.submit(*this);
  }
  fail(502, "the application server ended without an answer",
       upstream_name() + (error ? std::string(": ") + uv_strerror(error) : " closed the connection"));
}

void Exchange::fail(int status, const char *reason, const std::string &cause) {
  const std::string &why = cause.empty() ? reason : cause;
  if (status == 502) count(gateway_.figures.bad_gateway);
  if (status == 503) count(gateway_.figures.unavailable);
  if (status == 504 || status == 408) count(gateway_.figures.timed_out);
  if (stage_ != Stage::kHead) {
    log_limited("http: %s from %s: the answer is cut short: %s", request_line().c_str(), client_->name(),
                why.c_str());
    return client_->drop();
  }
  log_limited("http: %s from %s: %s (answered %d)", request_line().c_str(), client_->name(), why.c_str(),
              status);
  client_->answer(status, reason);
}

void Exchange::abandon() {
  if (upstream_) {
    const bool works_on = stage_ == Stage::kHead && !begun_ && !upstream_at_end_ && request_complete() &&
                          upstream_->queued_bytes() == 0;
    gateway_.dispatcher.release(*std::exchange(upstream_, nullptr),
                                works_on ? Outcome::kAbandoned : Outcome::kBroken);
  } else {
    gateway_.dispatcher.cancel(*this);
  }
  partial_head_.clear();
}

void Exchange::timed_out() {
  if (stage_ == Stage::kTunnel) return client_->drop();
  if (awaits_body()) return fail(408, "no request body within --http-timeout");
  if (!upstream_) return fail(503, "no worker was free within --http-timeout");
  if (client_->queued_bytes() > 0) return fail(408, "the client does not read its answer");
  if (!request_complete() && !client_at_end_ && upstream_->queued_bytes() == 0)
    return fail(408, "no request body within --http-timeout");
  fail(504, "no answer from the application within --http-timeout",
       upstream_name() + ": nothing within --http-timeout");
}

void Exchange::mercy_ends() {
  if (awaits_body()) return fail(408, "the server stops, and no request body came within --reload-mercy");
  if (!upstream_) return fail(503, "the server stops, and no worker was free within --reload-mercy");
  fail(504, "the server stops, and no answer came from the application within --reload-mercy",
       upstream_name() + ": no answer within --reload-mercy, and the server stops");
}

std::string Exchange::upstream_name() const {
  return upstream_ ? upstream_->backend().name : "no worker";
}

// From the packet, which is kept until the next request.
std::string Exchange::request_line() const {
  struct Line {
    std::string method, uri;
  } line;
  constexpr size_t kHeaderBytes = 4, kMaxUriBytes = 200;
  std::string_view packet = unsent_;
  const size_t size = static_cast<uint8_t>(packet[1]) | static_cast<size_t>(static_cast<uint8_t>(packet[2]))
                                                            << 8;
  uwsgi_hooked_parse(
      const_cast<char *>(packet.data()) + kHeaderBytes, size,
      [](char *key, uint16_t key_len, char *value, uint16_t value_len, void *data) {
        std::string_view name(key, key_len), text(value, value_len);
        if (name == "REQUEST_METHOD") static_cast<Line *>(data)->method = text;
        if (name == "REQUEST_URI") static_cast<Line *>(data)->uri = text.substr(0, kMaxUriBytes);
      },
      &line);
  return line.method + " " + line.uri;
}

}  // namespace mortise::http
