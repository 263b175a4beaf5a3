// Packed arrays, as calls are sent in: items one after the other, each behind its 16 bit little endian
// length. Pure functions over bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::calls {

// Calls take(item) for each; false where a length points outside or take returns false.
template <typename Take>
bool parse_array(std::string_view block, Take take) {
  while (!block.empty()) {
    if (block.size() < 2) return false;
    const size_t len = static_cast<uint8_t>(block[0]) | static_cast<size_t>(static_cast<uint8_t>(block[1]))
                                                            << 8;
    if (block.size() - 2 < len || !take(block.substr(2, len))) return false;
    block.remove_prefix(2 + len);
  }
  return true;
}

// The packet of a call: header, then function and arguments. Nothing where these are longer than a packet.
std::optional<std::string> pack_call(uint8_t modifier1, std::string_view function, uint8_t argc, char *argv[],
                                     const uint16_t argvs[]);

}  // namespace mortise::calls
