// The header names that are met daily: an id for each, found by one look-up, and its CGI name in static
// memory.
#pragma once

#include <cstdint>
#include <string_view>

namespace mortise::http {

// The ids that parsers act on; the other known names have ids without a name here.
enum class HeaderId : uint8_t {
  kHost,
  kConnection,
  kContentLength,
  kTransferEncoding,
  kUpgrade,
  kExpect,
  kContentType,
  kProxy,  // never passed on: as HTTP_PROXY it would configure clients (httpoxy)
  kAcceptEncoding,
  kContentEncoding,
  // What proxies claim of a client; see trusted_proxies.h.
  kForwarded,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedPort,
  kXForwardedProto,
  kXRealIp,
  kUnknown = 0xff,
};

constexpr bool is_proxy_claim(HeaderId id) {
  return id >= HeaderId::kForwarded && id <= HeaderId::kXRealIp;
}

// `name` is a token of at least one byte, in any case.
HeaderId find_header(std::string_view name);

// The CGI name of a known header, NUL-terminated, writable and the same bytes in memory each time; empty
// beyond the known ids.
std::string_view cgi_name_of(HeaderId id);

}  // namespace mortise::http
