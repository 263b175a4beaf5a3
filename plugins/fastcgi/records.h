// Records of FastCGI 1.0 (https://fastcgi-archives.github.io/FastCGI_Specification.html): headers, the head
// of a request, its variables. Pure functions over bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mortise::fastcgi {

enum Type : uint8_t {
  kBeginRequest = 1,
  kAbortRequest = 2,
  kEndRequest = 3,
  kParams = 4,
  kStdin = 5,
  kStdout = 6,
};
constexpr size_t kHeaderBytes = 8;

struct Header {
  uint8_t version;
  uint8_t type;
  uint16_t id;
  uint16_t length;
  uint8_t padding;
};
Header parse_header(const char *bytes);
// Into kHeaderBytes bytes; there is no padding.
void write_header(char *out, uint8_t type, uint16_t id, size_t length);
// The record that ends a request, into 2 * kHeaderBytes bytes.
void write_end(char *out, uint16_t id);

enum class Verdict { kMore, kGood, kTooLarge, kMalformed, kUnsupported };

struct Head {
  uint16_t id = 1;
  bool keep = false;  // the connection serves more requests
  std::string_view params;
  size_t used = 0;  // bytes before the body's records
};
// The records up to the end of the variables. Once they are whole, the pieces of the variables are moved
// together in place; before, nothing is changed.
Verdict parse_head(char *bytes, size_t len, size_t most, Head *head);

// Calls add(name, value), which says whether to go on. False: it did not, or a length is wrong.
template <typename Add>
bool for_each_pair(std::string_view params, Add add) {
  const auto take_length = [&params](size_t *length) {
    if (params.empty()) return false;
    const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(params[i])); };
    const bool is_long = byte(0) >= 0x80;
    if (is_long && params.size() < 4) return false;
    *length = is_long ? (byte(0) & 0x7f) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3) : byte(0);
    params.remove_prefix(is_long ? 4 : 1);
    return true;
  };
  while (!params.empty()) {
    size_t name_len = 0, value_len = 0;
    if (!take_length(&name_len) || !take_length(&value_len)) return false;
    if (params.size() < name_len || params.size() - name_len < value_len) return false;
    if (!add(params.substr(0, name_len), params.substr(name_len, value_len))) return false;
    params.remove_prefix(name_len + value_len);
  }
  return true;
}

}  // namespace mortise::fastcgi
