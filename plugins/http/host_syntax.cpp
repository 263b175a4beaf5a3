#include "host_syntax.h"

#include <arpa/inet.h>

#include <cstring>

#include "byte_class.h"

namespace mortise::http {

namespace {

// IPvFuture is refused with the rest: no such version is defined (RFC 3986 §3.2.2).
bool is_ipv6(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  in6_addr address;
  if (text.size() >= sizeof terminated) return false;
  memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  return inet_pton(AF_INET6, terminated, &address) == 1;
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  for (char byte : text) {
    if (!is_digit(byte)) return false;
    port = port * 10 + static_cast<unsigned>(byte - '0');
    if (port > 65535) return false;
  }
  return true;
}

// The end of the registered name at the start of text, nullptr for a bad escape.
const char *end_of_name(const char *at, const char *end) {
  for (;;) {
    while (at != end && is_reg_name(*at)) ++at;
    if (at == end || *at != '%') return at;
    if (end - at < 3 || hex_value(at[1]) < 0 || hex_value(at[2]) < 0) return nullptr;
    at += 3;
  }
}

}  // namespace

bool is_host_and_port(std::string_view text) {
  if (text.empty()) return true;
  const char *end = text.data() + text.size();
  const char *at;
  if (text.front() == '[') {
    size_t close = text.find(']');
    if (close == text.npos || !is_ipv6(text.substr(1, close - 1))) return false;
    at = text.data() + close + 1;
  } else {
    at = end_of_name(text.data(), end);
    if (!at || at == text.data()) return false;
  }
  return at == end || (*at == ':' && is_port({at + 1, end}));
}

}  // namespace mortise::http
