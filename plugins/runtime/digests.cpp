// SHA-1 (FIPS 180-4) and MD5 (RFC 1321): wire formats such as WebSocket, RADIUS and {SHA} passwords demand
// them. Written here because the server links no library for them; not for secrets.
#include <uwsgi.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

namespace {

// The message with its padding: 0x80, zeros, length in bits as 8 bytes.
std::string padded(std::string_view message, bool big_endian) {
  std::string text(message);
  text += '\x80';
  while (text.size() % 64 != 56) text += '\0';
  const uint64_t bits = uint64_t{message.size()} * 8;
  for (int i = 0; i < 8; ++i) text += static_cast<char>(bits >> 8 * (big_endian ? 7 - i : i));
  return text;
}

uint32_t word_at(const std::string &text, size_t at, bool big_endian) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i)
    word |= uint32_t{static_cast<uint8_t>(text[at + i])} << 8 * (big_endian ? 3 - i : i);
  return word;
}

void store(char *dst, const uint32_t *words, int count, bool big_endian) {
  for (int i = 0; i < count * 4; ++i)
    dst[i] = static_cast<char>(words[i / 4] >> 8 * (big_endian ? 3 - i % 4 : i % 4));
}

void sha1(std::string_view message, char *dst) {
  uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  const std::string text = padded(message, true);
  for (size_t block = 0; block < text.size(); block += 64) {
    uint32_t w[80];
    for (size_t i = 0; i < 16; ++i) w[i] = word_at(text, block + 4 * i, true);
    for (size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = state;
    for (size_t i = 0; i < 80; ++i) {
      const uint32_t mix = i < 20   ? ((b & c) | (~b & d)) + 0x5A827999
                           : i < 40 ? (b ^ c ^ d) + 0x6ED9EBA1
                           : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC
                                    : (b ^ c ^ d) + 0xCA62C1D6;
      const uint32_t next = std::rotl(a, 5) + mix + e + w[i];
      e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
    }
    const uint32_t add[5] = {a, b, c, d, e};
    for (int i = 0; i < 5; ++i) state[i] += add[i];
  }
  store(dst, state, 5, true);
}

// The integer part of 2^32 * |sin(i + 1)|.
const std::array<uint32_t, 64> &sines() {
  static const auto table = [] {
    std::array<uint32_t, 64> values{};
    for (size_t i = 0; i < values.size(); ++i)
      values[i] =
          static_cast<uint32_t>(std::floor(4294967296.0 * std::fabs(std::sin(static_cast<double>(i) + 1.0))));
    return values;
  }();
  return table;
}

void md5(std::string_view message, char *dst) {
  static const int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  uint32_t state[4] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
  const std::string text = padded(message, false);
  for (size_t block = 0; block < text.size(); block += 64) {
    auto [a, b, c, d] = state;
    for (uint32_t i = 0; i < 64; ++i) {
      const uint32_t round = i / 16;
      const uint32_t mix = round == 0   ? (b & c) | (~b & d)
                           : round == 1 ? (d & b) | (~d & c)
                           : round == 2 ? b ^ c ^ d
                                        : c ^ (b | ~d);
      const uint32_t part = round == 0   ? i
                            : round == 1 ? (5 * i + 1) % 16
                            : round == 2 ? (3 * i + 5) % 16
                                         : 7 * i % 16;
      const uint32_t sum = a + mix + sines()[i] + word_at(text, block + size_t{4} * part, false);
      a = d, d = c, c = b, b += std::rotl(sum, kShifts[round][i % 4]);
    }
    const uint32_t add[4] = {a, b, c, d};
    for (int i = 0; i < 4; ++i) state[i] += add[i];
  }
  store(dst, state, 4, false);
}

}  // namespace

extern "C" {

char *uwsgi_sha1(const char *bytes, size_t len, char *dst) {
  return sha1({bytes, len}, dst), dst;
}

char *uwsgi_sha1_2n(const char *a, size_t a_len, const char *b, size_t b_len, char *dst) {
  return sha1(std::string(a, a_len).append(b, b_len), dst), dst;
}

char *uwsgi_md5(const char *bytes, size_t len, char *dst) {
  return md5({bytes, len}, dst), dst;
}

}  // extern "C"
