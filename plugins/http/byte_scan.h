// Finds the end of a run of bytes, sixteen at a time. Never reads outside the buffer it is given.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace mortise::http {

constexpr ptrdiff_t kBlockBytes = 16;
using Block [[gnu::vector_size(kBlockBytes)]] = uint8_t;
using BlockMask [[gnu::vector_size(kBlockBytes)]] = int8_t;

// Where runs end: true for each byte of a block that does not belong to one.
struct ValueEnd {  // what must not be in a field value: controls but HTAB
  static BlockMask in(Block bytes) { return ((bytes < 0x20) & ~(bytes == '\t')) | (bytes == 0x7f); }
};
struct TargetEnd {  // all but visible ASCII
  static BlockMask in(Block bytes) { return bytes - 0x21 > 0x7e - 0x21; }
};
struct PathEnd {  // what divides a target, escapes, and the space behind it
  static BlockMask in(Block bytes) {
    return (bytes == '?') | (bytes == '#') | (bytes == '%') | (bytes == ' ');
  }
};
struct LettersEnd {  // all but letters and '-', which most header names are made of
  static BlockMask in(Block bytes) { return ((bytes | 0x20) - 'a' > 'z' - 'a') & ~(bytes == '-'); }
};

// A run of set bits for each true byte of the mask, lowest first.
#ifdef __SSE2__
constexpr int kBitsPerByte = 1;
inline uint32_t stop_bits(BlockMask stops) {
  return static_cast<uint32_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(stops)));
}
#else
constexpr int kBitsPerByte = 4;
inline uint64_t stop_bits(BlockMask stops) {
  uint64_t bits = 0;
  for (int i = 0; i < kBlockBytes; ++i) bits |= static_cast<uint64_t>(stops[i] & 0xf) << (kBitsPerByte * i);
  return bits;
}
#endif

struct ByteRange {
  const char *begin, *end;
};

// The first byte of [from, buffer.end) at which the run ends, or buffer.end.
template <typename End>
inline const char *find_end(const char *from, ByteRange buffer) {
  auto bits_at = [](const char *bytes, ptrdiff_t len) {
    Block block{};
    memcpy(&block, bytes, static_cast<size_t>(len));
    return stop_bits(End::in(block));
  };
  for (; buffer.end - from >= kBlockBytes; from += kBlockBytes)
    if (auto bits = bits_at(from, kBlockBytes)) return from + std::countr_zero(bits) / kBitsPerByte;
  const ptrdiff_t left = buffer.end - from;
  if (left == 0) return buffer.end;
  // The last block overlaps what was seen, where there is that much.
  const bool whole = buffer.end - buffer.begin >= kBlockBytes;
  auto bits = whole ? bits_at(buffer.end - kBlockBytes, kBlockBytes) >> ((kBlockBytes - left) * kBitsPerByte)
                    : bits_at(from, left);
  const char *stop = from + std::countr_zero(bits) / kBitsPerByte;
  return bits && stop < buffer.end ? stop : buffer.end;
}

}  // namespace mortise::http
