// The response's way through an exchange: head, body, or what follows an upgrade.
#include <uwsgi.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "client.h"
#include "exchange.h"
#include "folded.h"
#include "gateway_process.h"
#include "limited_log.h"
#include "options.h"
#include "upstream.h"

namespace mortise::http {

namespace {

// Headers about the connection to the worker, not about the response.
bool is_about_connection(const HeaderField &field) {
  return field.id == HeaderId::kConnection || equals_folded(field.name, "keep-alive");
}

bool is_gzip_sign(const HeaderField &field) {
  return options.auto_gzip && equals_folded(field.name, "uwsgi-encoding");
}

// What the client does not get.
bool is_for_gateway(const HeaderField &field) {
  return is_about_connection(field) || is_gzip_sign(field);
}

// What a worker may be ahead of a client that reads slowly: most answers leave their worker at once.
constexpr size_t kMaxQueuedBytes = 256 * 1024;
// The disk costs more than memory: it is for what a client is really slow to take.
constexpr size_t kSpooledBeyondBytes = 1024 * 1024;

BodyTracker tracker_of(const ResponseHead &head, BodyFraming framing) {
  switch (framing) {
    case BodyFraming::kLength:
      return BodyTracker::of_length(head.content_length);
    case BodyFraming::kChunked:
      return BodyTracker::chunked();
    case BodyFraming::kUntilClose:
      return BodyTracker::until_close();
    case BodyFraming::kNone:
      break;
  }
  return {};
}

}  // namespace

void Exchange::response_received(std::string_view bytes) {
  begun_ = true;
  client_->touch();
  if (stage_ == Stage::kBody) return pass_body({}, bytes);
  if (stage_ == Stage::kTunnel) return tunnel_from_upstream(bytes);
  const std::string held = std::exchange(partial_head_, {});
  if (held.empty()) return heads_received(bytes);
  heads_received(held + std::string(bytes));
}

// Interim heads may come before the one that counts.
void Exchange::heads_received(std::string_view bytes) {
  ResponseHead &head = gateway_.response_head;
  while (!bytes.empty()) {
    ParseResult result = parse_response_head(bytes, gateway_.response_limits, head, hint_);
    if (result.verdict == Verdict::kNeedMore) {
      partial_head_.assign(bytes);
      return;
    }
    if (result.verdict == Verdict::kRefused)
      return fail(502, "the application server's answer is not HTTP",
                  upstream_name() + " answered with " + result.reason);
    hint_ = 0;
    std::string_view text = bytes.substr(0, result.consumed);
    bytes.remove_prefix(result.consumed);
    if (!head.is_interim())
      return head.status == 101 ? open_tunnel(text, bytes) : begin_response(text, bytes);
    if (head.status == 100) {
      expects_continue_ = false;
      if (was_continued_) continue;
    }
    // HTTP/1.0 has no interim answers (RFC 9110 §15.2).
    if (minor_ >= 1 && !client_->write(text)) return client_->drop();
  }
}

void Exchange::open_tunnel(std::string_view head, std::string_view rest) {
  if (!wants_upgrade_)
    return fail(502, "the application server upgraded a connection that did not ask for it");
  stage_ = Stage::kTunnel;
  count(gateway_.figures.upgraded);
  if (!send_to_client(head, rest)) return client_->drop();
  client_->begin_tunnel();
}

void Exchange::begin_response(std::string_view text, std::string_view rest) {
  const ResponseHead &head = gateway_.response_head;
  stage_ = Stage::kBody;
  response_body_ = tracker_of(head, head.body(is_head_));
  // A server of --http-to may close without a word what HTTP/1.1 would keep: uWSGI's do.
  upstream_keeps_ = upstream_->backend().is_ours() ? head.keep_alive : head.says_keep_alive;
  if (response_body_.ends_with_connection() && minor_ >= 1) reframe_ = Reframe::kChunk;
  if (response_body_.is_chunked() && minor_ == 0) reframe_ = Reframe::kDechunk;
  if (accepts_gzip_ && wants_gzip(head) && gzip_.begin()) reframe_ = Reframe::kGzip;
  count(gateway_.figures.answers[head.status / 100]);
  const bool unbounded = minor_ == 0 && (response_body_.ends_with_connection() ||
                                         response_body_.is_chunked() || reframe_ == Reframe::kGzip);
  // A client that was not asked for its body may send it or not: nobody can know where the next request
  // begins. One whose body the worker refuses to take need not be listened to until it ends.
  const bool body_is_unwanted = !request_complete() && (expects_continue_ || !head.keep_alive);
  if (unbounded || body_is_unwanted || gateway_.stopping) client_keeps_ = false;

  bool as_it_is = client_keeps_ && minor_ >= 1 && head.minor >= 1 && reframe_ == Reframe::kNone;
  for (const HeaderField &field : head.headers()) as_it_is = as_it_is && !is_for_gateway(field);
  pass_body(as_it_is ? text : rewritten_head(head), rest);
}

std::string_view Exchange::rewritten_head(const ResponseHead &head) {
  std::string &out = gateway_.scratch;
  out = "HTTP/1.1 ";
  out += std::to_string(head.status);
  out += ' ';
  out += head.reason;
  out += "\r\n";
  for (const HeaderField &field : head.headers()) {
    if (is_for_gateway(field)) continue;
    if (field.id == HeaderId::kTransferEncoding && reframe_ != Reframe::kNone) continue;
    if (field.id == HeaderId::kContentLength && reframe_ == Reframe::kGzip) continue;
    out += header_line(field);
    out += "\r\n";
  }
  if (reframe_ == Reframe::kGzip) out += "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n";
  if (reframe_ == Reframe::kChunk || (reframe_ == Reframe::kGzip && minor_ >= 1))
    out += "Transfer-Encoding: chunked\r\n";
  if (!client_keeps_) out += "Connection: close\r\n";
  if (client_keeps_ && minor_ == 0) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  return out;
}

// `head` goes in front of what there is of the body.
void Exchange::pass_body(std::string_view head, std::string_view bytes) {
  bool sent = false;
  size_t taken = 0;
  if (reframe_ == Reframe::kNone) {
    taken = response_body_.take(bytes);
    if (!response_body_.error()) sent = send_to_client(head, bytes.substr(0, taken));
  } else {
    std::string reframed(head);
    taken = response_body_.take(bytes, [&](std::string_view data) { reframe(data, false, reframed); });
    if (response_body_.ended()) reframe({}, true, reframed);
    if (!response_body_.error()) sent = send_to_client(reframed, {});
  }
  if (const char *error = response_body_.error()) return fail(502, error);
  if (!sent) return client_->drop();
  if (response_body_.ended()) finish(upstream_keeps_ && taken == bytes.size());
}

// Appends what the client gets for this piece of the body, and with `last` what ends it.
void Exchange::reframe(std::string_view data, bool last, std::string &out) {
  std::string compressed;
  if (reframe_ == Reframe::kGzip) {
    gzip_.compress(data, last, compressed);
    data = compressed;
  }
  const bool chunked = reframe_ == Reframe::kChunk || (reframe_ == Reframe::kGzip && minor_ >= 1);
  char prefix[kChunkPrefixBytes];
  if (chunked && !data.empty()) out += write_chunk_prefix(data.size(), prefix);
  out += data;
  if (chunked && !data.empty()) out += kChunkEnd;
  if (chunked && last) out += kLastChunk;
}

// The application asks for it; uWSGI's own sign.
bool Exchange::wants_gzip(const ResponseHead &head) const {
  bool asked = false;
  for (const HeaderField &field : head.headers()) {
    if (field.id == HeaderId::kContentEncoding) return false;
    asked = asked || (is_gzip_sign(field) && equals_folded(field.value, "gzip"));
  }
  return asked && !response_body_.ended();
}

bool Exchange::send_to_client(std::string_view head, std::string_view data) {
  count(gateway_.figures.sent_bytes, head.size() + data.size());
  if (spools()) return spool(head, data);
  const bool adjoining = head.data() + head.size() == data.data();  // a head that is passed on as it is
  const std::string_view parts[] = {
      adjoining ? std::string_view(head.data(), head.size() + data.size()) : head,
      adjoining ? std::string_view() : data};
  if (!client_->write(parts)) return false;
  const bool disk_takes_more = stage_ == Stage::kBody && options.response_buffering > 0;
  if (!disk_takes_more && client_->queued_bytes() > kMaxQueuedBytes && upstream_) upstream_->pause_reading();
  return true;
}

// Whether what comes is put aside for a slow client, so that the worker need not wait for it.
bool Exchange::spools() const {
  if (stage_ != Stage::kBody) return false;
  return !spooled_.at_end() ||
         (options.response_buffering > 0 && client_->queued_bytes() > kSpooledBeyondBytes);
}

bool Exchange::spool(std::string_view head, std::string_view data) {
  for (std::string_view part : {head, data})
    if (!spooled_.append(part, 0, options.post_buffering_dir)) {
      log_limited("http: an answer for %s cannot be kept on disk: %s (closed)", client_->name(),
                  strerror(errno));
      return false;
    }
  if (spooled_.left() >= static_cast<uint64_t>(options.response_buffering) << 20) upstream_->pause_reading();
  return true;
}

void Exchange::send_spooled() {
  char piece[ReadBuffer::kBytes];
  while (!spooled_.at_end() && client_->queued_bytes() == 0) {
    const ssize_t got = spooled_.read(piece, sizeof piece);
    if (got <= 0 || !client_->write(std::string_view(piece, static_cast<size_t>(got))))
      return client_->drop();
  }
  if (!spooled_.at_end()) return;
  spooled_.clear();
  if (upstream_) upstream_->resume_reading();
}

void Exchange::finish(bool reusable) {
  const bool sent = request_complete() && !request_lost_ && upstream_->queued_bytes() == 0;
  Client &client = *client_;
  const bool keep = client_keeps_;
  request_lost_ = true;  // nobody is there for what is left of it
  gateway_.dispatcher.release(*std::exchange(upstream_, nullptr),
                              reusable && sent ? Outcome::kReusable : Outcome::kBroken);
  if (!spooled_.at_end()) return client.send_rest(spooled_.release(), keep && request_complete());
  client.response_done(keep);
}

void Exchange::tunnel_from_client(std::string_view bytes) {
  if (!upstream_->write(bytes)) return client_->drop();
  if (upstream_->queued_bytes() > 0) client_->pause_reading();
}

void Exchange::tunnel_from_upstream(std::string_view bytes) {
  if (!send_to_client(bytes, {})) client_->drop();
}

void Exchange::client_ended() {
  client_at_end_ = true;
  if (upstream_at_end_) return client_->drop();
  upstream_->end_writing();
}

}  // namespace mortise::http
