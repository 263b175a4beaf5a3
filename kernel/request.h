// The request object of a core: the published struct wsgi_request plus the memory it lives in, reused for
// ever.
#pragma once

#include <uwsgi.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise {

struct Connection;
class Flusher;

struct Request : wsgi_request {
  explicit Request(int core);
  ~Request();
  Request(const Request &) = delete;
  Request &operator=(const Request &) = delete;

  // Makes it ready for the next head on this connection; what is in input() stays.
  void begin(Connection &connection);

  char *input() { return input_.get(); }
  size_t input_size() const { return input_size_; }

  // Releases what the request has beside its usual memory.
  void end();

  // Memory that lives as long as the request; nullptr when less than len bytes are left.
  char *allocate(size_t len);

  // Every request in the kernel is one of these.
  static Request &of(wsgi_request *request) { return *static_cast<Request *>(request); }

  uwsgi_header header{};
  Connection *peer = nullptr;
  Flusher *flusher = nullptr;  // of who waits for no client; none in a loop engine, which switches
  // Bytes of body that were read ahead of what the hook asked for: [begin, end).
  std::vector<char> body;
  size_t body_begin = 0, body_end = 0;
  bool body_is_kept = false;  // all of it, body_size bytes, in memory or in post_file: it can be read again
  size_t body_size = 0, body_file_pos = 0;
  bool is_cut = false;    // the response was longer than its Content-Length
  bool may_wait = false;  // its answer, for those of other requests that are ready
  int patience_ms = 0;    // that is left with a gateway which does not take the response
  int body_status = 0;    // what the client is answered when its body made the request fail

 private:
  size_t input_size_;
  size_t arena_size_;
  size_t arena_used_ = 0;
  std::unique_ptr<char[]> input_;
  std::unique_ptr<char[]> arena_;
  std::vector<iovec> vars_;
  uwsgi_buffer *head_;
};

inline std::string_view view(const char *text, size_t len) {
  return {text, len};
}

}  // namespace mortise
