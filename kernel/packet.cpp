#include "kernel/packet.h"

#include <charconv>

#include "kernel/request.h"
#include "kernel/state.h"

namespace mortise {

namespace {

// What frames a body is not guessed at: a number, or nothing.
bool is_length(std::string_view text) {
  uint64_t length;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, length);
  return text.empty() || (error == std::errc() && stop == end);
}

}  // namespace

PacketHead parse_packet_head(std::string_view bytes) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  return {byte(0), static_cast<uint16_t>(byte(1) | byte(2) << 8), byte(3)};
}

void register_uwsgi_protocol() {
  uwsgi_register_protocol("uwsgi", [](uwsgi_socket *socket) {
    socket->proto = uwsgi_proto_uwsgi_parser;
    socket->header_timeout = limits().header_timeout;
  });
}

}  // namespace mortise

extern "C" {

int uwsgi_proto_uwsgi_parser(wsgi_request *wsgi_req) {
  using namespace mortise;
  Request &request = Request::of(wsgi_req);
  std::string_view bytes = view(request.proto_parser_buf, request.proto_parser_pos);
  if (bytes.size() < kPacketHeaderBytes) return UWSGI_AGAIN;
  // As a packet this would announce some 20 KB that never come: a client of the wrong protocol, told so at
  // once.
  for (std::string_view method : {"GET ", "POST", "HEAD", "PUT "})
    if (bytes.starts_with(method)) {
      request.refusal =
          "HTTP on a socket that speaks the uwsgi protocol (listen with --http or --http-socket)";
      request.status = 400;
      return -1;
    }
  PacketHead head = parse_packet_head(bytes);
  if (head.vars_bytes > uwsgi.buffer_size) {
    request.refusal = "uwsgi packet larger than --buffer-size";
    request.status = 431;
    return -1;
  }
  if (bytes.size() < kPacketHeaderBytes + head.vars_bytes) return UWSGI_AGAIN;
  request.uh->modifier1 = head.modifier1;
  request.uh->modifier2 = head.modifier2;
  request.buffer = request.proto_parser_buf + kPacketHeaderBytes;
  request.proto_parser_move = kPacketHeaderBytes + head.vars_bytes;
  // Packets of other modifiers may carry anything; the plugin of that modifier knows. Only a whole block
  // counts.
  bool good = parse_packet_vars(
      view(request.buffer, head.vars_bytes), [&](std::string_view key, std::string_view value) {
        if (key == "CONTENT_LENGTH" && !is_length(value)) return false;
        return uwsgi_req_add_var(wsgi_req, key.data(), static_cast<uint16_t>(key.size()), value.data(),
                                 static_cast<uint16_t>(value.size())) == 0;
      });
  request.len = head.vars_bytes;
  if (!good && head.modifier1 == 0) {
    const bool too_many = request.var_cnt + 2 > uwsgi.max_vars * 2;
    request.refusal = too_many ? "more variables than --max-vars" : "malformed uwsgi packet";
    request.status = too_many ? 431 : 400;
    return -1;
  }
  request.parsed = good;
  return UWSGI_OK;
}

int uwsgi_hooked_parse(char *buf, size_t len, void (*func)(char *, uint16_t, char *, uint16_t, void *),
                       void *data) {
  bool good =
      mortise::parse_packet_vars(mortise::view(buf, len), [&](std::string_view key, std::string_view value) {
        func(const_cast<char *>(key.data()), static_cast<uint16_t>(key.size()),
             const_cast<char *>(value.data()), static_cast<uint16_t>(value.size()), data);
        return true;
      });
  return good ? 0 : -1;
}

}  // extern "C"
