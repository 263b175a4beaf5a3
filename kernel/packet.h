// The uwsgi protocol: a 4 byte header and a block of variables, each with 16 bit little endian lengths.
// A pure function over bytes (fuzzed: tests/fuzz/packet_fuzz.cpp) and the protocol that --socket speaks.
#pragma once

#include <uwsgi.h>

#include <functional>
#include <string_view>

namespace mortise {

constexpr size_t kPacketHeaderBytes = 4;

struct PacketHead {
  uint8_t modifier1 = 0;
  uint16_t vars_bytes = 0;
  uint8_t modifier2 = 0;
};

// The header at the start of bytes, of which there must be at least four.
PacketHead parse_packet_head(std::string_view bytes);

// Calls add(key, value) for each variable of a block; false when a length points outside it or add returns
// false. A template, so that the request path pays for no indirection.
template <typename Add>
bool parse_packet_vars(std::string_view block, Add add) {
  while (!block.empty()) {
    std::string_view parts[2];
    for (std::string_view &part : parts) {
      if (block.size() < 2) return false;
      size_t len = static_cast<uint8_t>(block[0]) | static_cast<size_t>(static_cast<uint8_t>(block[1])) << 8;
      if (block.size() - 2 < len) return false;
      part = block.substr(2, len);
      block.remove_prefix(2 + len);
    }
    if (!add(parts[0], parts[1])) return false;
  }
  return true;
}

// Makes "uwsgi" a protocol of this server. [before config]
void register_uwsgi_protocol();

}  // namespace mortise
