#include "host_addresses.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <utility>

namespace mortise::http {

namespace {

constexpr uint64_t kFreshMs = 30'000;
constexpr uint64_t kRetryMs = 1'000;  // after a look-up that failed

struct HostAndPort {
  std::string host, port;
};

HostAndPort split(const std::string &text) {
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return {text, ""};
  std::string host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {host.empty() ? "127.0.0.1" : host, text.substr(colon + 1)};
}

bool is_numeric(const std::string &host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

std::string write_address(const sockaddr *address, const std::string &port) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in *>(address)->sin_addr, text, sizeof text);
    return std::string(text) + ":" + port;
  }
  if (address->sa_family != AF_INET6) return {};
  inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6 *>(address)->sin6_addr, text, sizeof text);
  return "[" + std::string(text) + "]:" + port;
}

}  // namespace

// Lives until libuv has answered, which may be after its owner.
struct HostAddresses::Request {
  uv_getaddrinfo_t handle;
  HostAddresses *owner;
};

HostAddresses::HostAddresses(uv_loop_t *loop, std::string text, Done done, void *data)
    : loop_(loop), text_(std::move(text)), done_(done), data_(data) {
  if (is_local() || is_numeric(split(text_).host)) {
    found_.push_back(text_);
    fresh_until_ms_ = UINT64_MAX;
  }
}

HostAddresses::~HostAddresses() {
  if (!request_) return;
  request_->owner = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t *>(&request_->handle));
}

std::string HostAddresses::next() {
  if (fresh_until_ms_ != UINT64_MAX && uv_now(loop_) >= fresh_until_ms_ && !request_) ask();
  return found_.empty() ? std::string() : found_[next_++ % found_.size()];
}

void HostAddresses::ask() {
  const HostAndPort name = split(text_);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  request_ = new Request{{}, this};
  request_->handle.data = request_;
  int error = uv_getaddrinfo(
      loop_, &request_->handle,
      [](uv_getaddrinfo_t *handle, int status, addrinfo *list) {
        auto *request = static_cast<Request *>(handle->data);
        if (request->owner) request->owner->take(status, list);
        uv_freeaddrinfo(list);
        delete request;
      },
      name.host.c_str(), name.port.c_str(), &hints);
  if (error == 0) return;
  delete std::exchange(request_, nullptr);
  error_ = uv_strerror(error);
}

// Old addresses stay in use while no new ones are known.
void HostAddresses::take(int status, const addrinfo *list) {
  request_ = nullptr;
  std::vector<std::string> fresh;
  const std::string port = split(text_).port;
  for (const addrinfo *entry = list; status == 0 && entry; entry = entry->ai_next)
    if (std::string address = write_address(entry->ai_addr, port); !address.empty()) fresh.push_back(address);
  error_ = status ? uv_strerror(status) : "";
  fresh_until_ms_ = uv_now(loop_) + (fresh.empty() ? kRetryMs : kFreshMs);
  if (!fresh.empty()) found_ = std::move(fresh);
  done_(data_);
}

}  // namespace mortise::http
