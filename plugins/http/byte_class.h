// The classes of bytes that HTTP's grammar is made of (RFC 9110 §5.6.2, RFC 3986 §2 and §3.2.2), one look-up
// each.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mortise::http {

enum ByteClass : uint8_t { kTokenByte = 1, kRegNameByte = 2 };

inline constexpr std::array<uint8_t, 256> kByteClasses = [] {
  std::array<uint8_t, 256> classes{};
  auto mark = [&](std::string_view bytes, uint8_t what) {
    for (char byte : bytes) classes[static_cast<uint8_t>(byte)] |= what;
  };
  constexpr std::string_view kAlphaDigit = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  mark(kAlphaDigit, kTokenByte | kRegNameByte);
  mark("!#$%&'*+-.^_`|~", kTokenByte);
  mark("-._~!$&'()*+,;=", kRegNameByte);  // unreserved and sub-delims; % is checked where it stands
  return classes;
}();

constexpr bool is_token(char byte) {
  return kByteClasses[static_cast<uint8_t>(byte)] & kTokenByte;
}
constexpr bool is_reg_name(char byte) {
  return kByteClasses[static_cast<uint8_t>(byte)] & kRegNameByte;
}
constexpr bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}
// Most bytes that are asked about are above both: one comparison for these.
constexpr bool is_blank(char byte) {
  return static_cast<uint8_t>(byte) <= ' ' && (byte == ' ' || byte == '\t');
}

// Value of a hexadecimal digit, -1 for any other byte.
constexpr int hex_value(char byte) {
  if (is_digit(byte)) return byte - '0';
  char lower = static_cast<char>(byte | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace mortise::http
