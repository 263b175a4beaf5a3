// The addresses of a server that is given by name: looked up without blocking the loop, and anew when they
// have become old or do not answer.
#pragma once

#include <uv.h>

#include <cstdint>
#include <string>
#include <vector>

namespace mortise::http {

class HostAddresses {
 public:
  using Done = void (*)(void *);
  // host:port, a UNIX socket, @abstract. Done is called after each look-up.
  HostAddresses(uv_loop_t *loop, std::string text, Done done, void *data);
  ~HostAddresses();
  HostAddresses(const HostAddresses &) = delete;
  HostAddresses &operator=(const HostAddresses &) = delete;

  bool is_local() const { return text_.find_first_of("/@") == 0; }
  // The next one to try, as uwsgi_connect() takes it without a look-up; empty while there is none.
  std::string next();
  size_t count() const { return found_.size(); }
  bool asking() const { return request_ != nullptr; }
  // Why there is none.
  const std::string &error() const { return error_; }
  // One of them did not answer.
  void doubt() {
    if (fresh_until_ms_ != UINT64_MAX) fresh_until_ms_ = 0;
  }

 private:
  struct Request;
  void ask();
  void take(int status, const addrinfo *list);

  uv_loop_t *loop_;
  const std::string text_;
  const Done done_;
  void *const data_;
  std::vector<std::string> found_;
  size_t next_ = 0;
  uint64_t fresh_until_ms_ = 0;
  std::string error_;
  Request *request_ = nullptr;
};

}  // namespace mortise::http
