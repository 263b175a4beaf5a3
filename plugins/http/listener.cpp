#include "listener.h"

#include "client.h"
#include "gateway_process.h"
#include "listener_options.h"

namespace mortise::http {

namespace {

// Descriptors that clients must leave: for connections to workers, logs, and what libraries open.
size_t reserved_descriptors() {
  return static_cast<size_t>(uwsgi.numproc) * static_cast<size_t>(uwsgi.cores) + 64;
}

bool too_many(size_t clients) {
  const size_t limit = static_cast<size_t>(uwsgi.max_fd);
  return limit > 0 && clients + std::min(reserved_descriptors(), limit / 2) >= limit;
}

}  // namespace

Listener Listener::bind(const char *address, const TransportKind &transport) {
  Listener listener;
  listener.transport_ = transport;
  char *name = nullptr;
  listener.fd_ = uwsgi_bind_or_exit(address, &name);
  listener.name_ = name;
  free(name);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(listener.fd_, reinterpret_cast<sockaddr *>(&bound), &size) == 0)
    listener.family_ = bound.ss_family;
  int on = 1;  // accepted connections inherit it
  if (listener.family_ != AF_UNIX) {
    setsockopt(listener.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    accept_with_first_bytes(listener.fd_);
    do_not_pace_loopback(listener.fd_);
  }
  uwsgi_socket_nb(listener.fd_);
  return listener;
}

std::string_view Listener::port() const {
  size_t colon = name_.rfind(':');
  if (family_ == AF_UNIX || colon == name_.npos) return transport_.calls ? "443" : "80";
  return std::string_view(name_).substr(colon + 1);
}

std::string Listener::url() const {
  if (family_ == AF_UNIX) return name_;
  std::string host = name_.substr(0, name_.rfind(':'));
  if (host.empty() || host == "*") host = "0.0.0.0";
  return std::string(transport_.calls ? transport_.calls->scheme : "http") + "://" + host + ":" +
         std::string(port());
}

bool Listener::start(Gateway &gateway) {
  gateway_ = &gateway;
  poll_.reset(new uv_poll_t);
  if (uv_poll_init(&gateway.loop, poll_.get(), fd_)) {
    delete poll_.release();
    return false;
  }
  poll_->data = this;
  end_rest();
  return true;
}

void Listener::end_rest() {
  if (!poll_) return;
  uv_poll_start(poll_.get(), UV_READABLE,
                [](uv_poll_t *poll, int, int) { static_cast<Listener *>(poll->data)->accept_one(); });
}

void Listener::rest(const char *cause) {
  constexpr uint64_t kSilenceMs = 60'000;
  uv_poll_stop(poll_.get());
  gateway_->rest_listeners();
  const uint64_t now = uv_now(&gateway_->loop);
  if (logged_ms_ != 0 && now - logged_ms_ < kSilenceMs) return;
  logged_ms_ = now;
  uwsgi_log_verbose(
      "http: accept on %s: %s (new connections wait until others end; raise the limit with ulimit -n or "
      "--max-fd)\n",
      name_.c_str(), cause);
}

// One at a time: asking until there is no more costs a system call too many for each connection.
void Listener::accept_one() {
  if (too_many(gateway_->clients)) return rest("as many connections as descriptors allow");
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  int fd = accept4(fd_, reinterpret_cast<sockaddr *>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) rest(strerror(errno));
    return;  // the others mean that the client has gone
  }
  auto *client = new Client(*gateway_, *this, address);
  if (client->open(&gateway_->loop, fd, family_)) client->start();
}

void Listener::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace mortise::http
