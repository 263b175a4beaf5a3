// What a member says of itself: pairs with 16 bit lengths, as in a packet of the uwsgi protocol. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::legion {

struct Message {
  std::string legion;
  std::string uuid;
  std::string name;  // of its host
  std::string scroll;
  uint64_t valor = 0;
  uint64_t unix_us = 0;   // when it was sent
  uint64_t checksum = 0;  // of the members that it knows
  uint64_t lord_valor = 0;
  std::string lord_uuid;  // whom it takes for the lord, empty: nobody
  bool dead = false;      // it leaves
};

std::string pack(const Message &);
// Nothing where it is malformed, or lacks what every message has.
std::optional<Message> unpack(std::string_view text);

constexpr size_t kUuidBytes = 36;

}  // namespace mortise::legion
