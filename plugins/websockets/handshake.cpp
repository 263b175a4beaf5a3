#include "handshake.h"

#include <cstdlib>

namespace mortise::websockets {

namespace {

std::string_view variable(wsgi_request *request, std::string_view name) {
  uint16_t len = 0;
  const char *value = uwsgi_get_var(request, name.data(), static_cast<uint16_t>(name.size()), &len);
  return value ? std::string_view(value, len) : std::string_view();
}

bool add(wsgi_request *request, std::string_view name, std::string_view value) {
  return uwsgi_response_add_header(request, name.data(), static_cast<uint16_t>(name.size()), value.data(),
                                   static_cast<uint16_t>(value.size())) == 0;
}

bool refuse(wsgi_request *request, const char *why) {
  uwsgi_log("websocket of %.*s refused: %s\n", request->uri_len, request->uri, why);
  return false;
}

}  // namespace

std::string accept_key(std::string_view key) {
  constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // §1.3
  char digest[20];
  uwsgi_sha1_2n(key.data(), key.size(), kGuid.data(), kGuid.size(), digest);
  size_t len = 0;
  char *encoded = uwsgi_base64_encode(digest, sizeof digest, &len);
  std::string accepted(encoded, len);
  free(encoded);
  return accepted;
}

std::string_view first_protocol(std::string_view offered) {
  std::string_view first = offered.substr(0, offered.find(','));
  while (first.starts_with(' ')) first.remove_prefix(1);
  while (first.ends_with(' ')) first.remove_suffix(1);
  return first;
}

bool shake_hands(wsgi_request *request, Wanted wanted) {
  if (request->headers_sent) return refuse(request, "the response has begun");
  if (wanted.key.empty()) wanted.key = variable(request, "HTTP_SEC_WEBSOCKET_KEY");
  if (wanted.protocol.empty())
    wanted.protocol = first_protocol(variable(request, "HTTP_SEC_WEBSOCKET_PROTOCOL"));
  if (wanted.key.empty()) return refuse(request, "the request asks for none (no Sec-WebSocket-Key)");
  if (wanted.key.size() != 24) return refuse(request, "its Sec-WebSocket-Key does not have 16 bytes");
  const std::string_view version = variable(request, "HTTP_SEC_WEBSOCKET_VERSION");
  if (!version.empty() && version != "13") {
    uwsgi_response_prepare_headers(request, "426 Upgrade Required", 20);
    add(request, "Sec-WebSocket-Version", "13");
    uwsgi_response_add_content_length(request, 0);
    uwsgi_response_write_headers_do(request);
    return refuse(request, "it is not of version 13");
  }
  const bool good = uwsgi_response_prepare_headers(request, "101 Switching Protocols", 23) == 0 &&
                    add(request, "Upgrade", "websocket") && add(request, "Connection", "Upgrade") &&
                    add(request, "Sec-WebSocket-Accept", accept_key(wanted.key)) &&
                    (wanted.origin.empty() || add(request, "Sec-WebSocket-Origin", wanted.origin)) &&
                    (wanted.protocol.empty() || add(request, "Sec-WebSocket-Protocol", wanted.protocol)) &&
                    uwsgi_response_write_headers_do(request) == 0;
  // From here on bytes go out as they are, whatever protocol the socket speaks.
  request->upgraded = 1;
  request->body_less = 0;
  request->keep_alive = 0;
  return good;
}

}  // namespace mortise::websockets
