#include "kernel/request.h"

#include <cstring>

#include "kernel/connection.h"

namespace mortise {

namespace {
// Room for the bytes of a body that come with a full-sized head, and for names that a protocol writes anew.
constexpr size_t kReadAhead = 16 * 1024;
constexpr int kPatienceMs = 50;
}  // namespace

Request::Request(int core)
    : wsgi_request{},
      input_size_(static_cast<size_t>(uwsgi.buffer_size) + kReadAhead),
      arena_size_(2 * static_cast<size_t>(uwsgi.buffer_size)),
      input_(new char[input_size_]),
      arena_(new char[arena_size_]),
      vars_(static_cast<size_t>(uwsgi.max_vars) * 2),
      head_(uwsgi_buffer_new(1024)) {
  async_id = core;
}

Request::~Request() {
  uwsgi_buffer_destroy(head_);
}

void Request::end() {
  if (post_file) fclose(std::exchange(post_file, nullptr));
  constexpr size_t kKept = 1024 * 1024;  // a large body's memory is not kept for ever
  if (body.size() > kKept) std::vector<char>().swap(body);
}

void Request::begin(Connection &connection) {
  int core = async_id;
  static_cast<wsgi_request &>(*this) = wsgi_request{};
  async_id = core;
  fd = connection.fd;
  socket = connection.socket;
  peer = &connection;
  this->wsgi_request::connection = &connection;
  header = {};
  uh = &header;
  hvec = vars_.data();
  headers = head_;
  headers->pos = 0;
  app_id = uwsgi.no_default_app ? -1 : uwsgi.default_app;
  sendfile_fd = -1;
  peer_addr = connection.peer_addr;
  peer_addr_len = connection.peer_addr_len;
  peer_port = connection.peer_port;
  method = uri = path_info = query_string = protocol = uwsgi.empty;
  arena_used_ = 0;
  body_begin = body_end = body_size = body_file_pos = 0;
  body_is_kept = is_cut = false;
  body_status = 0;
  patience_ms = kPatienceMs;
}

char *Request::allocate(size_t len) {
  if (len > arena_size_ - arena_used_) return nullptr;
  char *memory = arena_.get() + arena_used_;
  arena_used_ += len;
  return memory;
}

}  // namespace mortise

extern "C" char *uwsgi_req_alloc(wsgi_request *request, size_t len) {
  return mortise::Request::of(request).allocate(len);
}
