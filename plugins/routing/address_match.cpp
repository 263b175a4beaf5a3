#include "address_match.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>

namespace mortise::routing {

namespace {

using Bytes = std::array<unsigned char, 16>;

bool parse(int family, std::string_view text, Bytes *bytes) {
  char copy[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof copy) return false;
  copy[text.copy(copy, text.size())] = '\0';
  return inet_pton(family, copy, bytes->data()) == 1;
}

}  // namespace

bool address_in(int family, std::string_view address, std::string_view network) {
  size_t bits = family == AF_INET ? 32 : 128;
  const size_t slash = network.find('/');
  if (slash != network.npos) {
    size_t wanted = 0;
    const char *begin = network.data() + slash + 1, *end = network.data() + network.size();
    auto [stop, error] = std::from_chars(begin, end, wanted);
    if (error != std::errc() || stop != end || wanted > bits) return false;
    bits = wanted;
  }
  Bytes a{}, b{};
  if (!parse(family, address, &a) || !parse(family, network.substr(0, slash), &b)) return false;
  const size_t whole = bits / 8;
  if (memcmp(a.data(), b.data(), whole) != 0) return false;
  const auto mask = static_cast<unsigned char>(0xff00u >> (bits % 8));
  return bits % 8 == 0 || ((a[whole] ^ b[whole]) & mask) == 0;
}

}  // namespace mortise::routing
