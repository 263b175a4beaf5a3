// Case-insensitive comparison with lower-case constants made of letters, digits and '-'.
// Setting bit 5 folds letters; it maps nothing else but control bytes onto such a constant, and these never
// get here.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace mortise::http {

// `lower` is as long as `text`.
inline bool equals_folded(const char *text, const char *lower, size_t len) {
  auto differ = [&]<typename Word>(Word, size_t at) {
    Word a, b;
    memcpy(&a, text + at, sizeof a);
    memcpy(&b, lower + at, sizeof b);
    return static_cast<Word>(a | static_cast<Word>(0x2020202020202020)) != b;
  };
  if (len >= 8) {
    for (size_t at = 0; at + 8 < len; at += 8)
      if (differ(uint64_t{}, at)) return false;
    return !differ(uint64_t{}, len - 8);
  }
  if (len >= 4) return !differ(uint32_t{}, 0) && !differ(uint32_t{}, len - 4);
  for (size_t at = 0; at < len; ++at)
    if (differ(uint8_t{}, at)) return false;
  return true;
}

inline bool equals_folded(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && equals_folded(text.data(), lower.data(), lower.size());
}

}  // namespace mortise::http
