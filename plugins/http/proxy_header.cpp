#include "proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace mortise::http {

namespace {

constexpr std::string_view kTextStart = "PROXY ";
constexpr size_t kMaxTextBytes = 107;  // with CRLF
constexpr std::string_view kBinaryStart("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kBinaryHeadBytes = 16;
constexpr size_t kMaxBinaryBytes = 4096;  // addresses and what else is said; real ones have a few hundred
constexpr const char *kNoHeader = "a connection that does not begin with a PROXY protocol header";
constexpr const char *kBadHeader = "a malformed PROXY protocol header";

constexpr ParseResult refused(const char *reason) {
  return {Verdict::kRefused, 400, 0, reason};
}

// One of the words of a header of version 1, which single spaces part.
std::string_view take_word(std::string_view &line) {
  size_t space = std::min(line.find(' '), line.size());
  std::string_view word = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  return word;
}

bool take_address(std::string_view text, int family, char (&out)[INET6_ADDRSTRLEN]) {
  in6_addr address;
  char terminated[INET6_ADDRSTRLEN] = "";
  if (text.size() >= sizeof terminated) return false;
  text.copy(terminated, text.size());
  return inet_pton(family, terminated, &address) == 1 && inet_ntop(family, &address, out, sizeof out);
}

bool take_port(std::string_view text, uint16_t &port) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_text(std::string_view line, ProxyHeader &header) {
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") return true;
  if (protocol != "TCP4" && protocol != "TCP6") return false;
  const int family = protocol == "TCP4" ? AF_INET : AF_INET6;
  char destination[INET6_ADDRSTRLEN];
  uint16_t destination_port;
  return take_address(take_word(line), family, header.address) &&
         take_address(take_word(line), family, destination) && take_port(take_word(line), header.port) &&
         take_port(take_word(line), destination_port) && line.empty();
}

uint16_t number_at(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 | static_cast<uint8_t>(bytes[at + 1]));
}

// What follows the addresses: type, length, value; one of them tells of TLS.
bool parse_additions(std::string_view rest, ProxyHeader &header) {
  constexpr char kTls = 0x20;
  constexpr size_t kPrefixBytes = 3;
  while (!rest.empty()) {
    if (rest.size() < kPrefixBytes) return false;
    const char type = rest[0];
    const size_t size = number_at(rest, 1);
    rest.remove_prefix(kPrefixBytes);
    if (rest.size() < size) return false;
    if (type == kTls && size > 0) header.tls = rest[0] & 1;
    rest.remove_prefix(size);
  }
  return true;
}

bool parse_binary(std::string_view head, std::string_view rest, ProxyHeader &header) {
  constexpr char kLocal = 0x20, kProxied = 0x21, kTcp4 = 0x11, kTcp6 = 0x21;
  if (head[12] == kLocal) return true;
  if (head[12] != kProxied) return false;
  const bool is_4 = head[13] == kTcp4;
  if (!is_4 && head[13] != kTcp6) return true;  // UNIX sockets and datagrams have no address for us
  const size_t address_bytes = is_4 ? 4 : 16;
  const size_t block_bytes = 2 * address_bytes + 4;
  if (rest.size() < block_bytes) return false;
  inet_ntop(is_4 ? AF_INET : AF_INET6, rest.data(), header.address, sizeof header.address);
  header.port = number_at(rest, 2 * address_bytes);
  return parse_additions(rest.substr(block_bytes), header);
}

ParseResult parse_version_2(std::string_view bytes, ProxyHeader &header) {
  if (bytes.size() < kBinaryHeadBytes) return {Verdict::kNeedMore};
  const size_t size = number_at(bytes, 14);
  if (size > kMaxBinaryBytes) return refused(kBadHeader);
  if (bytes.size() < kBinaryHeadBytes + size) return {Verdict::kNeedMore};
  if (!parse_binary(bytes.substr(0, kBinaryHeadBytes), bytes.substr(kBinaryHeadBytes, size), header))
    return refused(kBadHeader);
  return {Verdict::kComplete, 0, kBinaryHeadBytes + size};
}

}  // namespace

ParseResult parse_proxy_header(std::string_view bytes, ProxyHeader &header) {
  header = {};
  auto begins_like = [bytes](std::string_view start) {
    return bytes.substr(0, start.size()) == start.substr(0, bytes.size());
  };
  if (begins_like(kBinaryStart) && !bytes.empty()) return parse_version_2(bytes, header);
  if (!begins_like(kTextStart)) return refused(kNoHeader);
  const size_t end = bytes.substr(0, kMaxTextBytes).find("\r\n");
  if (end == bytes.npos)
    return bytes.size() < kMaxTextBytes ? ParseResult{Verdict::kNeedMore} : refused(kBadHeader);
  if (end < kTextStart.size() ||
      !parse_text(bytes.substr(kTextStart.size(), end - kTextStart.size()), header))
    return refused(kBadHeader);
  return {Verdict::kComplete, 0, end + 2};
}

}  // namespace mortise::http
