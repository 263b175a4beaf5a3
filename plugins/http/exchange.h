// One request on its way through the gateway and its response on the way back, streamed in both directions:
// what one side does not take stops the reading from the other. Reused for other requests.
#pragma once

#include <string>
#include <string_view>

#include "body_store.h"
#include "body_tracker.h"
#include "gzip_stream.h"
#include "head_limits.h"
#include "request_parser.h"
#include "response_parser.h"

namespace mortise::http {

class Client;
struct Gateway;
class Upstream;

class Exchange {
 public:
  explicit Exchange(Gateway &gateway) : gateway_(gateway) {}
  Exchange(const Exchange &) = delete;
  Exchange &operator=(const Exchange &) = delete;

  // Up to here a UNIX socket takes a write as one piece, so that the worker has read all of it or nothing.
  static constexpr size_t kOnePieceBytes = 16 * 1024;

  // ---- the client's side
  // Begins with a copy of the packet for this head. keep: the connection may serve another request.
  void begin(Client &client, const RequestHead &head, std::string_view packet, bool keep);
  // Nobody gets the request before its body is here: with --http-post-buffering, and where it is small, so
  // that no worker waits for a slow client.
  bool awaits_body() const { return (stores_body_ || gathers_body_) && !request_complete(); }
  // Hands it to the dispatcher, once, as soon as its body is not awaited any more.
  void submit();
  // Bytes after the head: how many belong to the request. 0 of some: none, or the body is malformed.
  size_t take_body(std::string_view bytes);
  const char *body_error() const {
    return body_failure_      ? "the request body cannot be stored"
           : body_too_large() ? kTooLargeBody
                              : request_body_.error();
  }
  int body_error_status() const { return body_failure_ ? 507 : body_too_large() ? 413 : 400; }
  bool request_complete() const { return request_body_.ended(); }
  // Upgraded: bytes are passed on as they are.
  bool is_tunnel() const { return stage_ == Stage::kTunnel; }
  void tunnel_from_client(std::string_view bytes);
  void client_ended();
  // The client sends no more, and its request's body is not whole.
  void body_ended_early();
  void client_drained();
  // No progress for --http-timeout.
  void timed_out();
  // The gateway stops, and waits no longer.
  void mercy_ends();
  // Lets go of the upstream or of the place in the queue; the exchange can be reused.
  void abandon();
  // Keeps the memory that most requests need, and no more.
  void trim() {
    if (unsent_.capacity() > 2 * kOnePieceBytes) std::string().swap(unsent_);
    stored_.clear();
    spooled_.clear();
    gzip_.end();
  }

  // ---- the dispatcher's side
  bool is_retry() const { return retries_ > 0; }
  // What the client called the server; kept where servers announce themselves.
  std::string_view host() const { return host_; }
  // Of the plugin that the server wants the request for.
  void set_modifiers(uint8_t first, uint8_t second) {
    unsent_[0] = static_cast<char>(first);
    unsent_[3] = static_cast<char>(second);
  }
  // Counts the servers that could not be reached.
  bool may_try_another() { return ++retries_ <= kMaxConnects; }
  // Sends what there is of the request. False: nothing was sent, the connection is dead.
  bool send_on(Upstream &upstream);
  // Gives up: the client gets this answer where it has none yet; the log gets the cause.
  void fail(int status, const char *reason, const std::string &cause = {});

  // ---- the upstream's side
  void response_received(std::string_view bytes);
  void upstream_ended(int error);
  void upstream_drained();
  // It takes no more of the request; an answer may still come.
  void request_lost(int error = 0);

 private:
  // Of the response.
  enum class Stage : uint8_t { kHead, kBody, kTunnel };
  // What is done to the body's framing on the way to the client.
  enum class Reframe : uint8_t { kNone, kChunk, kDechunk, kGzip };

  void heads_received(std::string_view bytes);
  void open_tunnel(std::string_view head, std::string_view rest);
  void begin_response(std::string_view head, std::string_view rest);
  std::string_view rewritten_head(const ResponseHead &head);
  void pass_body(std::string_view head, std::string_view bytes);
  bool send_to_client(std::string_view head, std::string_view data);
  bool spools() const;
  bool spool(std::string_view head, std::string_view data);
  void send_spooled();
  void reframe(std::string_view data, bool last, std::string &out);
  void send_stored_body();
  bool wants_gzip(const ResponseHead &head) const;
  void finish(bool reusable);
  void tunnel_from_upstream(std::string_view bytes);
  bool body_too_large() const { return body_bytes_ > max_body_bytes_; }
  // How often a server of --http-to is connected to for one request, where connections are refused.
  static constexpr int kMaxConnects = 3;
  static bool is_failed_connect(int error);
  bool may_retry(int error) const;
  std::string upstream_name() const;
  std::string request_line() const;

  Gateway &gateway_;
  Client *client_ = nullptr;
  Upstream *upstream_ = nullptr;  // nullptr: waits in the dispatcher

  // Request.
  std::string unsent_;  // the packet and body bytes that came before a worker was free; kept for a retry
  std::string host_;
  BodyTracker request_body_;
  uint64_t body_bytes_ = 0, max_body_bytes_ = 0;  // of data
  bool is_head_ = false, wants_upgrade_ = false, expects_continue_ = false;
  int minor_ = 1;
  bool accepts_gzip_ = false;
  bool stores_body_ = false, gathers_body_ = false, submitted_ = false;
  bool was_continued_ = false;  // by us; the worker's own 100 is not passed on
  BodyStore stored_;
  int body_failure_ = 0;  // errno of storing it
  int retries_ = 0;
  bool sent_at_once_ = false;     // nothing but unsent_, in one piece
  bool request_lost_ = false;     // the upstream takes no more of it; a response may still come
  bool client_at_end_ = false;    // it sends no more: of a tunnel, or of a body that is not whole
  bool upstream_at_end_ = false;  // it sends no more

  // Response.
  Stage stage_ = Stage::kHead;
  Reframe reframe_ = Reframe::kNone;
  bool begun_ = false;  // a byte of it was received
  bool upstream_keeps_ = false, client_keeps_ = false;
  size_t hint_ = 0;
  std::string partial_head_;
  BodyTracker response_body_;
  GzipStream gzip_;
  BodyStore spooled_;  // what the client is too slow for
};

}  // namespace mortise::http
