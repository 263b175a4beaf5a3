#include "remote.h"

#include <uwsgi.h>

#include <memory>

namespace mortise::caches {

namespace {

constexpr uint8_t kModifier = 111;
constexpr uint8_t kDump = 6;
constexpr uint8_t kMagic = 17;
constexpr uint64_t kLargestAnswer = uint64_t{1} << 40;

struct Connection {
  explicit Connection(const std::string &address)
      : fd(uwsgi_connectn(address.data(), static_cast<uint16_t>(address.size()), uwsgi.socket_timeout, 0)) {
    if (fd >= 0) uwsgi_socket_nb(fd);
  }
  ~Connection() {
    if (fd >= 0) close(fd);
  }
  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;
  bool write(const char *bytes, size_t len) const {
    return len == 0 || uwsgi_write_true_nb(fd, bytes, len, uwsgi.socket_timeout) == 0;
  }
  bool read(char *bytes, size_t len) const {
    return len == 0 || uwsgi_read_nb(fd, bytes, len, uwsgi.socket_timeout) == 0;
  }
  int fd;
};

struct Destroy {
  void operator()(uwsgi_buffer *buffer) const { uwsgi_buffer_destroy(buffer); }
};
using Buffer = std::unique_ptr<uwsgi_buffer, Destroy>;

void add(uwsgi_buffer *packet, std::string_view key, std::string_view value) {
  uwsgi_buffer_append_keyval(packet, key.data(), static_cast<uint16_t>(key.size()), value.data(),
                             static_cast<uint16_t>(value.size()));
}
void add(uwsgi_buffer *packet, std::string_view key, uint64_t value) {
  add(packet, key, std::to_string(value));
}

struct AnswerHead {
  std::string_view status;
  uint64_t size = 0;
  uint64_t expires = 0;
};

void take_pair(char *key, uint16_t key_len, char *value, uint16_t value_len, void *data) {
  auto &head = *static_cast<AnswerHead *>(data);
  const std::string_view name(key, key_len);
  if (name == "status") head.status = {value, value_len};
  if (name == "size") head.size = uwsgi_str_num(value, value_len);
  if (name == "expires") head.expires = uwsgi_str_num(value, value_len);
}

// The pairs of an answer; false where it is none.
bool read_pairs(const Connection &connection, std::string *pairs) {
  uwsgi_header header;
  if (!connection.read(reinterpret_cast<char *>(&header), sizeof header) || header.modifier1 != kModifier)
    return false;
  pairs->resize(header.pktsize);
  return connection.read(pairs->data(), pairs->size());
}

}  // namespace

std::optional<RemoteAnswer> ask(const std::string &address, const RemoteRequest &request) {
  if (request.key.size() > 65000) return std::nullopt;
  const Connection connection(address);
  if (connection.fd < 0) return std::nullopt;
  const Buffer packet(uwsgi_buffer_new(512));
  packet->pos = 4;
  add(packet.get(), "cmd", request.command);
  if (!request.key.empty()) add(packet.get(), "key", request.key);
  if (!request.value.empty()) add(packet.get(), "size", request.value.size());
  if (request.expires) add(packet.get(), "expires", request.expires);
  if (!request.cache.empty()) add(packet.get(), "cache", request.cache);
  if (uwsgi_buffer_set_uh(packet.get(), kModifier, kMagic)) return std::nullopt;
  if (!connection.write(packet->buf, packet->pos) ||
      !connection.write(request.value.data(), request.value.size()))
    return std::nullopt;
  std::string pairs;
  AnswerHead head;
  if (!read_pairs(connection, &pairs) || uwsgi_hooked_parse(pairs.data(), pairs.size(), take_pair, &head) ||
      head.status != "ok" || head.size > kLargestAnswer)
    return std::nullopt;
  RemoteAnswer answer{std::string(head.size, '\0'), head.expires};
  if (!connection.read(answer.value.data(), answer.value.size())) return std::nullopt;
  return answer;
}

std::optional<std::string> fetch_dump(const std::string &address, std::string_view cache, uint64_t bytes) {
  const Connection connection(address);
  const uwsgi_header header = {kModifier, {static_cast<uint16_t>(cache.size())}, kDump};
  std::string pairs;
  if (connection.fd < 0 || !connection.write(reinterpret_cast<const char *>(&header), sizeof header) ||
      !connection.write(cache.data(), cache.size()) || !read_pairs(connection, &pairs))
    return std::nullopt;
  std::string dump(bytes, '\0');
  char beyond = 0;
  if (!connection.read(dump.data(), bytes) || uwsgi_read_true_nb(connection.fd, &beyond, 1, 1) > 0)
    return std::nullopt;
  return dump;
}

}  // namespace mortise::caches
