#include "server_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstdint>

namespace mortise::http {

namespace {

bool is_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

bool is_ipv6(std::string_view text) {
  in6_addr address;
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

}  // namespace

std::string why_no_server_address(std::string_view text) {
  const std::string forms = " (write HOST:PORT, /path or @abstract)", brackets = " (write [::1]:8080)";
  if (text.empty()) return "it is empty" + forms;
  if (text[0] == '/' || text[0] == '@') return text.size() > 1 ? "" : "its name is empty" + forms;
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return "it has no port" + forms;
  if (!is_port(text.substr(colon + 1))) return "its port is not a number from 1 to 65535" + forms;
  const std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (host.ends_with(']') && is_ipv6(host.substr(1, host.size() - 2))) return "";
    return "what is in brackets is not an IPv6 address" + brackets;
  }
  return host.find(':') == host.npos ? "" : "an IPv6 address must be in brackets" + brackets;
}

}  // namespace mortise::http
