// uwsgi_do_rpc(): a function of this server or of another one.
#include <uwsgi.h>

#include <string>

#include "packed_array.h"
#include "protocol.h"

namespace mortise::calls {

namespace {

constexpr uint64_t kLargestAnswer = uint64_t{1} << 31;

struct Socket {
  ~Socket() {
    if (fd >= 0) close(fd);
  }
  int fd;
};

void take_length(char *key, uint16_t keylen, char *value, uint16_t vallen, void *data) {
  if (std::string_view(key, keylen) == "CONTENT_LENGTH")
    *static_cast<uint64_t *>(data) = uwsgi_str_num(value, vallen);
}

char *fail(const char *node, const char *function, const char *why) {
  uwsgi_log("call of '%s' at %s: %s\n", function, node, why);
  return nullptr;
}

bool read_all(const Socket &socket, char *bytes, size_t len) {
  return len == 0 || uwsgi_read_nb(socket.fd, bytes, len, uwsgi.socket_timeout) == 0;
}

char *call_remote(const char *node, const char *function, uint8_t argc, char *argv[], uint16_t argvs[],
                  uint64_t *len) {
  const auto packet = pack_call(kCallModifier, function, argc, argv, argvs);
  if (!packet) return fail(node, function, "its arguments are longer than 64 kB");
  const Socket socket{uwsgi_connect(node, uwsgi.socket_timeout, 0)};
  if (socket.fd < 0) return fail(node, function, strerror(errno));
  uwsgi_socket_nb(socket.fd);
  if (uwsgi_write_true_nb(socket.fd, packet->data(), packet->size(), uwsgi.socket_timeout))
    return fail(node, function, "the server does not take it");
  uwsgi_header header{};
  if (!read_all(socket, reinterpret_cast<char *>(&header), sizeof header) ||
      header.modifier1 != kCallModifier)
    return fail(node, function, "no answer (is there such a function, and modifier 173?)");
  uint64_t size = header.pktsize;
  if (header.modifier2 == kLongAnswer) {
    std::string pairs(header.pktsize, '\0');
    size = UINT64_MAX;
    if (!read_all(socket, pairs.data(), pairs.size()) ||
        uwsgi_hooked_parse(pairs.data(), pairs.size(), take_length, &size))
      return fail(node, function, "malformed answer");
  }
  if (size > kLargestAnswer) return fail(node, function, "its answer is too long");
  auto *answer = static_cast<char *>(uwsgi_malloc(size + 1));
  if (!read_all(socket, answer, size)) {
    free(answer);
    return fail(node, function, "its answer ends early");
  }
  answer[size] = 0;
  *len = size;
  return answer;
}

}  // namespace

}  // namespace mortise::calls

extern "C" char *uwsgi_do_rpc(const char *node, const char *func, uint8_t argc, char *argv[],
                              uint16_t argvs[], uint64_t *len) {
  if (node && *node) return mortise::calls::call_remote(node, func, argc, argv, argvs, len);
  char *response = nullptr;
  *len = uwsgi_rpc(func, argc, argv, argvs, &response);
  return response;
}
