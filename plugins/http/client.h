// A client of the gateway: a connection on which requests come one after another. Parses heads, keeps what
// came too early, and answers what is not passed on. The request under way is its exchange's business.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "deadline.h"
#include "exchange.h"
#include "file_answer.h"
#include "stream.h"
#include "transport.h"

namespace mortise::http {

struct Gateway;
class Listener;

class Client final : public Stream, public Deadline {
 public:
  Client(Gateway &gateway, const Listener &listener, const sockaddr_storage &address);

  // The first bytes may come. [once, after open()]
  void start();
  // A deadline passed, in whichever state.
  void expired();
  // The gateway stops: a client that waits for nothing goes, another one has the time of a head.
  void stop_if_idle();
  // The gateway will be killed: a request without an answer gets one.
  void mercy_ends();

  // ---- the exchange's side
  // There was progress: the deadline begins anew.
  void touch();
  // A connection to a server is being made.
  void expect_connect();
  // The connection is a tunnel from now on, without deadlines.
  void begin_tunnel();
  // The other end of the tunnel has said its last.
  void end_tunnel();
  // The response was passed on; `keep`: another request may follow.
  void response_done(bool keep);
  // The same when what is left of it is in a file.
  void send_rest(FileAnswer rest, bool keep);
  // Answers in the server's stead, and closes.
  void answer(int status, const char *reason, std::string_view lines = {});
  // The connection is of no use any more.
  void drop();
  const char *name() const { return address_[0] ? address_ : "a local client"; }
  // To the client, through its transport if it has one; see Stream.
  bool write(std::span<const std::string_view> parts, Follows follows = Follows::kNothing) {
    return transport_ ? transport_->write(parts) : Stream::write(parts, follows);
  }
  bool write(std::string_view part, Follows follows = Follows::kNothing) {
    return write({&part, 1}, follows);
  }

  // ---- the transport's side
  bool send_raw(std::string_view bytes) { return Stream::write(bytes); }
  // Bytes of HTTP.
  void take(std::string_view bytes);
  void end_of_http();

 private:
  enum class State : uint8_t {
    kProxyHeader,  // what a load balancer says first
    kIdle,         // between requests
    kHead,         // a head is coming
    kRequest,      // the exchange works
    kFile,         // a file is on its way
    kDiscard,      // answered before its body came; the rest is dropped
    kLinger,       // has its last answer; closing at once could destroy that
  };

  ~Client() override = default;
  void received(char *data, size_t len) override;
  void ended(int error) override;
  void drained() override;

  void pass_transport(std::string_view bytes);
  bool begin_transport();
  void say_goodbye();
  void leave();
  void end_writing();
  bool send_file(FileAnswer &file);
  void redirect();
  void parse(std::string_view bytes);
  void parse_proxy_header(std::string_view bytes);
  bool answer_here(std::string_view bytes, size_t head_bytes);
  bool send_own(struct OwnAnswer &answer);
  void go_on_with_file();
  void begin_request(std::string_view bytes, size_t head_bytes);
  void take_body(std::string_view bytes);
  void keep_for_later(std::string_view bytes);
  void next_request();
  void wait_in(DeadlineQueue &queue);
  void refuse(int status, const char *reason);
  void end_exchange();
  bool has_unread();  // bytes that the client sent; also where nobody knows
  void close_gently(bool expects_more);
  void wait_for_end();

  Gateway &gateway_;
  const Listener &listener_;
  State state_;
  bool at_end_ = false;   // the client sends no more
  bool is_head_ = false;  // the request that is here
  bool tls_ = false;      // to us, or to the load balancer
  bool keeps_ = false;    // the connection, after a file
  uint16_t port_ = 0;
  size_t hint_ = 0;
  uint64_t linger_until_ms_ = 0;
  std::string early_;  // a head that has not come whole, or requests that came before their turn
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<FileAnswer> file_;
  std::unique_ptr<Transport> transport_;
  char address_[INET6_ADDRSTRLEN] = "";
};

}  // namespace mortise::http
