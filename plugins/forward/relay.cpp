// A request handed to another server: its head, its body as it comes, then the answer back to the client.
// Runs on the core of the request and blocks it.
#include <uwsgi.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

namespace {

constexpr size_t kMaxHead = size_t{64} * 1024;
constexpr size_t kPiece = size_t{32} * 1024;

class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  Peer(const Peer &) = delete;
  Peer &operator=(const Peer &) = delete;
  ~Peer() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

int fail(const wsgi_request *request, const char *address, const char *what) {
  uwsgi_log("forward %.*s %.*s to %s: %s: %s\n", request->method_len, request->method, request->uri_len,
            request->uri, address, what, errno ? strerror(errno) : "the server closed the connection");
  return -1;
}

int send_body(wsgi_request *request, int fd, size_t remains, int timeout) {
  while (remains > 0) {
    ssize_t got = 0;
    const char *piece =
        uwsgi_request_body_read(request, static_cast<ssize_t>(std::min(remains, kPiece)), &got);
    if (!piece || got <= 0 || uwsgi_write_nb(fd, piece, static_cast<size_t>(got), timeout)) return -1;
    remains -= static_cast<size_t>(got);
  }
  return 0;
}

// Up to the empty line, and what came with it.
bool read_head(int fd, int timeout, std::string *bytes, size_t *head_len) {
  char piece[kPiece];
  while (bytes->size() < kMaxHead) {
    if (uwsgi_waitfd_event(fd, timeout, POLLIN) <= 0) return errno = ETIMEDOUT, false;
    const ssize_t got = read(fd, piece, sizeof piece);
    if (got <= 0) return errno = got ? errno : 0, false;
    bytes->append(piece, static_cast<size_t>(got));
    for (std::string_view end : {"\r\n\r\n", "\n\n"})
      if (const size_t at = bytes->find(end); at != std::string::npos)
        return *head_len = at + end.size(), true;
  }
  return errno = EMSGSIZE, false;
}

// Headers of the answer that speak of the connection between the two servers.
void drop_hop_headers(std::string *head) {
  for (std::string_view name : {"connection:", "keep-alive:", "proxy-connection:"})
    for (size_t line = head->find('\n') + 1; line < head->size();) {
      const size_t next = head->find('\n', line) + 1;
      if (next == 0) return;
      if (strncasecmp(head->c_str() + line, name.data(), name.size()) == 0) {
        head->erase(line, next - line);
      } else {
        line = next;
      }
    }
}

}  // namespace

extern "C" int uwsgi_proxy_nb(wsgi_request *request, char *address, uwsgi_buffer *packet, size_t remains,
                              int timeout) {
  if (timeout <= 0) timeout = uwsgi.socket_timeout;
  errno = 0;
  const Peer peer(uwsgi_connect(address, timeout, 0));
  if (peer.fd() < 0) return fail(request, address, "connect");
  uwsgi_socket_nb(peer.fd());
  if (packet && uwsgi_write_nb(peer.fd(), packet->buf, packet->pos, timeout))
    return fail(request, address, "send the request");
  if (send_body(request, peer.fd(), remains, timeout)) return fail(request, address, "send the body");
  std::string bytes;
  size_t head_len = 0;
  if (!read_head(peer.fd(), timeout, &bytes, &head_len)) return fail(request, address, "read the answer");
  std::string head = bytes.substr(0, head_len);
  drop_hop_headers(&head);
  if (uwsgi_blob_to_response(request, head.data(), head.size()))
    return fail(request, address, "understand the answer");
  const auto piece = std::make_unique<char[]>(kPiece);
  const std::string_view rest = std::string_view(bytes).substr(head_len);
  if (!rest.empty() && uwsgi_response_write_body_do(request, rest.data(), rest.size())) return -1;
  for (;;) {
    if (uwsgi_waitfd_event(peer.fd(), timeout, POLLIN) <= 0)
      return errno = ETIMEDOUT, fail(request, address, "read the body");
    const ssize_t got = read(peer.fd(), piece.get(), kPiece);
    if (got < 0 && uwsgi_is_again()) continue;
    if (got < 0) return fail(request, address, "read the body");
    if (got == 0) return 0;
    if (uwsgi_response_write_body_do(request, piece.get(), static_cast<size_t>(got))) return -1;
  }
}
