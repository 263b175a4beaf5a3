// The head of an SCGI request (https://python.ca/scgi/protocol.txt): a netstring of names and values, each
// with a NUL behind it, CONTENT_LENGTH first.
#pragma once

#include <cstddef>
#include <string_view>

namespace mortise::scgi {

enum class Verdict { kMore, kGood, kTooLarge, kMalformed };

struct Block {
  Verdict verdict = Verdict::kMore;
  std::string_view pairs;
  size_t used = 0;  // bytes before the body
};

// Finds the netstring, at most so many bytes of it.
inline Block find_block(std::string_view bytes, size_t most) {
  size_t size = 0, at = 0;
  for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9'; ++at) {
    if (at > 0 && size == 0) return {Verdict::kMalformed};  // a zero in front
    size = size * 10 + static_cast<size_t>(bytes[at] - '0');
    if (size > most) return {Verdict::kTooLarge};
  }
  if (at == bytes.size()) return {Verdict::kMore};
  if (bytes[at] != ':' || size == 0) return {Verdict::kMalformed};
  const size_t begin = at + 1;
  if (bytes.size() - begin < size + 1) return {Verdict::kMore};
  if (bytes[begin + size] != ',') return {Verdict::kMalformed};
  return {Verdict::kGood, bytes.substr(begin, size), begin + size + 1};
}

inline bool is_length(std::string_view text) {
  constexpr size_t kMostDigits = 18;
  return !text.empty() && text.size() <= kMostDigits && text.find_first_not_of("0123456789") == text.npos;
}

// Calls add(name, value), which says whether to go on. False: it did not, or the block is malformed.
template <typename Add>
bool for_each_pair(std::string_view pairs, Add add) {
  for (bool first = true; !pairs.empty(); first = false) {
    const size_t name_end = pairs.find('\0');
    if (name_end == pairs.npos || name_end == 0) return false;
    const size_t value_end = pairs.find('\0', name_end + 1);
    if (value_end == pairs.npos) return false;
    const std::string_view name = pairs.substr(0, name_end);
    const std::string_view value = pairs.substr(name_end + 1, value_end - name_end - 1);
    if ((name == "CONTENT_LENGTH") != first || (first && !is_length(value)) || !add(name, value))
      return false;
    pairs.remove_prefix(value_end + 1);
  }
  return true;
}

}  // namespace mortise::scgi
