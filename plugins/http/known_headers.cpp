#include "known_headers.h"

#include <array>
#include <cstddef>
#include <iterator>

#include "folded.h"

namespace mortise::http {

namespace {

constexpr std::string_view kNames[] = {
    // In the order of HeaderId.
    "host", "connection", "content-length", "transfer-encoding", "upgrade", "expect", "content-type", "proxy",
    "accept-encoding", "content-encoding", "forwarded", "x-forwarded-for", "x-forwarded-host",
    "x-forwarded-port", "x-forwarded-proto", "x-real-ip",
    // The rest.
    "accept", "accept-charset", "accept-language", "access-control-request-headers",
    "access-control-request-method", "authorization", "cache-control", "content-language", "cookie", "date",
    "dnt", "from", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
    "keep-alive", "max-forwards", "origin", "pragma", "priority", "proxy-connection", "range", "referer",
    "save-data", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-fetch-dest", "sec-fetch-mode",
    "sec-fetch-site", "sec-fetch-user", "sec-websocket-extensions", "sec-websocket-key",
    "sec-websocket-protocol", "sec-websocket-version", "te", "traceparent", "tracestate", "trailer",
    "upgrade-insecure-requests", "user-agent", "via", "x-csrf-token", "x-csrftoken", "x-request-id",
    "x-requested-with"};

constexpr size_t kLongestName = 30;

struct KnownHeader {
  uint8_t name_len = 0, cgi_len = 0;
  char name[kLongestName + 1] = {};
  char cgi[kLongestName + 6] = {};  // "HTTP_" and a NUL
};

// Plugins may end a name in place, which writes the NUL that is there.
constinit auto headers = [] {
  std::array<KnownHeader, std::size(kNames)> made{};
  for (size_t i = 0; i < made.size(); ++i) {
    KnownHeader &header = made[i];
    auto append_cgi = [&](char byte) { header.cgi[header.cgi_len++] = byte; };
    if (kNames[i] != "content-length" && kNames[i] != "content-type")
      for (char byte : std::string_view("HTTP_")) append_cgi(byte);
    for (char byte : kNames[i]) {
      header.name[header.name_len++] = byte;
      append_cgi(byte == '-' ? '_' : static_cast<char>(byte & ~0x20));
    }
  }
  return made;
}();

// The names differ in these four bytes, and this multiplier keeps them apart: a perfect hash. Should a new
// name collide (the assertion below), any other odd multiplier that does not will do.
constexpr uint32_t kMultiplier = 0xace621d5;
constexpr uint32_t slot_of(std::string_view name) {
  auto byte = [&](size_t at) { return static_cast<uint32_t>(static_cast<uint8_t>(name[at])); };
  const size_t len = name.size();
  uint32_t key = byte(0) | byte(len - 1) << 8 | byte(len * 3 / 4) << 16 | static_cast<uint32_t>(len) << 24;
  key |= 0x202020;  // folds the letters
  return (key * kMultiplier) >> 24;
}

constexpr auto kIds = [] {
  std::array<HeaderId, 256> ids{};
  ids.fill(HeaderId::kUnknown);
  for (size_t i = 0; i < std::size(kNames); ++i) ids[slot_of(kNames[i])] = static_cast<HeaderId>(i);
  return ids;
}();
static_assert(
    [] {
      for (size_t i = 0; i < std::size(kNames); ++i)
        if (kIds[slot_of(kNames[i])] != static_cast<HeaderId>(i)) return false;
      return true;
    }(),
    "two known header names share a slot");

constexpr bool named(HeaderId id, std::string_view name) {
  return kNames[static_cast<size_t>(id)] == name;
}
static_assert(named(HeaderId::kHost, "host") && named(HeaderId::kConnection, "connection") &&
              named(HeaderId::kContentLength, "content-length") &&
              named(HeaderId::kTransferEncoding, "transfer-encoding") &&
              named(HeaderId::kUpgrade, "upgrade") && named(HeaderId::kExpect, "expect") &&
              named(HeaderId::kProxy, "proxy") && named(HeaderId::kContentType, "content-type") &&
              named(HeaderId::kAcceptEncoding, "accept-encoding") &&
              named(HeaderId::kContentEncoding, "content-encoding") &&
              named(HeaderId::kForwarded, "forwarded") &&
              named(HeaderId::kXForwardedFor, "x-forwarded-for") &&
              named(HeaderId::kXForwardedProto, "x-forwarded-proto") &&
              named(HeaderId::kXRealIp, "x-real-ip"));

}  // namespace

HeaderId find_header(std::string_view name) {
  const HeaderId id = kIds[slot_of(name)];
  if (id == HeaderId::kUnknown) return id;
  const KnownHeader &header = headers[static_cast<size_t>(id)];
  bool same = header.name_len == name.size() && equals_folded(name.data(), header.name, name.size());
  return same ? id : HeaderId::kUnknown;
}

std::string_view cgi_name_of(HeaderId id) {
  const size_t index = static_cast<size_t>(id);
  if (index >= std::size(kNames)) return {};
  return {headers[index].cgi, headers[index].cgi_len};
}

}  // namespace mortise::http
