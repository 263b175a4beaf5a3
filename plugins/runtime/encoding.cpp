// Encodings of wire formats: base64, percent, JSON and shell quoting, CRC-32 and hashes of keys. The C
// functions of <mortise/encoding.h>; digests are in digests.cpp.
#include <uwsgi.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kEscaped[] = "\"\\\b\f\n\r\t", kEscapes[] = "\"\\bfnrt";  // RFC 8259 §7
constexpr char kHex[] = "0123456789ABCDEF";

int base64_value(char c) {
  const char *found = c ? strchr(kBase64, c) : nullptr;
  return found ? static_cast<int>(found - kBase64) : -1;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? (value >> 1) ^ 0xEDB88320U : value >> 1;
    table[byte] = value;
  }
  return table;
}();

uint32_t djb33x(const char *key, uint64_t len) {
  uint32_t hash = 5381;
  for (uint64_t i = 0; i < len; ++i) hash = (hash * 33) ^ static_cast<uint8_t>(key[i]);
  return hash;
}

// MurmurHash2, 32 bit, seed 0 (public domain algorithm by Austin Appleby).
uint32_t murmur2(const char *key, uint64_t len) {
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  auto byte = [&](uint64_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(key[i])); };
  uint32_t hash = static_cast<uint32_t>(len);
  uint64_t at = 0;
  for (; at + 4 <= len; at += 4) {
    uint32_t word = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
    word *= kMultiplier;
    word ^= word >> 24;
    hash = (hash * kMultiplier) ^ (word * kMultiplier);
  }
  for (uint64_t i = len; i-- > at;) hash ^= byte(i) << (8 * (i - at));
  if (at < len) hash *= kMultiplier;
  hash = (hash ^ (hash >> 13)) * kMultiplier;
  return hash ^ (hash >> 15);
}

uint32_t counter_hash(const char *, uint64_t) {
  static uint32_t turn;
  return __atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED);
}

uwsgi_hash_algo murmur2_algo{"murmur2", murmur2, nullptr};
uwsgi_hash_algo round_robin_algo{"rr", counter_hash, &murmur2_algo};
uwsgi_hash_algo djb33x_algo{"djb33x", djb33x, &round_robin_algo};
uwsgi_hash_algo *algos = &djb33x_algo;

}  // namespace

extern "C" {

char *uwsgi_base64_encode(const char *bytes, size_t len, size_t *out_len) {
  *out_len = (len + 2) / 3 * 4;
  char *text = static_cast<char *>(uwsgi_malloc(*out_len + 1)), *out = text;
  auto byte = [&](size_t i) { return i < len ? static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) : 0U; };
  for (size_t i = 0; i < len; i += 3) {
    const uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (int part = 0; part < 4; ++part) *out++ = kBase64[(group >> (18 - 6 * part)) & 63];
  }
  for (size_t pad = 0; pad < (3 - len % 3) % 3; ++pad) out[-1 - static_cast<ptrdiff_t>(pad)] = '=';
  *out = '\0';
  return text;
}

char *uwsgi_base64_decode(const char *text, size_t len, size_t *out_len) {
  char *bytes = static_cast<char *>(uwsgi_malloc(len / 4 * 3 + 4)), *out = bytes;
  uint32_t group = 0;
  int parts = 0;
  size_t i = 0;
  for (; i < len && text[i] != '='; ++i) {
    if (isspace(static_cast<unsigned char>(text[i]))) continue;
    const int value = base64_value(text[i]);
    if (value < 0) return free(bytes), nullptr;
    group = group << 6 | static_cast<uint32_t>(value);
    if (++parts == 4) {
      for (int shift = 16; shift >= 0; shift -= 8) *out++ = static_cast<char>(group >> shift);
      group = 0;
      parts = 0;
    }
  }
  for (; i < len; ++i)
    if (text[i] != '=' && !isspace(static_cast<unsigned char>(text[i]))) return free(bytes), nullptr;
  if (parts == 1) return free(bytes), nullptr;
  if (parts >= 2) *out++ = static_cast<char>(group >> (6 * parts - 8));
  if (parts == 3) *out++ = static_cast<char>(group >> 2);
  *out_len = static_cast<size_t>(out - bytes);
  *out = '\0';
  return bytes;
}

void uwsgi_crc32(uint32_t *state, const char *bytes, size_t len) {
  uint32_t value = ~*state;
  for (size_t i = 0; i < len; ++i)
    value = kCrcTable[(value ^ static_cast<uint8_t>(bytes[i])) & 0xFF] ^ (value >> 8);
  *state = ~value;
}

uwsgi_hash_algo *uwsgi_hash_algo_get(const char *name) {
  for (uwsgi_hash_algo *algo = algos; algo; algo = algo->next)
    if (!strcmp(algo->name, name)) return algo;
  return nullptr;
}

void uwsgi_hash_algo_register(const char *name, uint32_t (*func)(const char *, uint64_t)) {
  algos = new uwsgi_hash_algo{name, func, algos};
}

void http_url_decode(char *src, uint16_t *len, char *dst) {
  std::string path;
  path.reserve(*len);
  for (uint16_t i = 0; i < *len; ++i) {
    const int high = src[i] == '%' && i + 2 < *len ? hex_value(src[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(src[i + 2]) : -1;
    path += low >= 0 ? static_cast<char>(high * 16 + low) : src[i];
    if (low >= 0) i = static_cast<uint16_t>(i + 2);
  }
  // RFC 3986 §5.2.4, after decoding, so that %2e%2e is a segment as well.
  std::string clean;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string_view segment = std::string_view(path).substr(at, end - at);
    const bool last = end == path.size();
    if (segment == "/.." || segment == "..") {
      clean.resize(clean.rfind('/') == clean.npos ? 0 : clean.rfind('/'));
      if (last) clean += '/';
    } else if (segment == "/." || segment == ".") {
      if (last) clean += '/';
    } else {
      clean += segment;
    }
    at = end;
  }
  memcpy(dst, clean.data(), clean.size());
  *len = static_cast<uint16_t>(clean.size());
}

void http_url_encode(char *src, uint16_t *len, char *dst) {
  char *out = dst;
  for (uint16_t i = 0; i < *len; ++i) {
    const auto c = static_cast<unsigned char>(src[i]);
    if (isalnum(c) || strchr("-._~/", c)) {
      *out++ = src[i];
    } else {
      *out++ = '%';
      *out++ = kHex[c >> 4];
      *out++ = kHex[c & 15];
    }
  }
  *len = static_cast<uint16_t>(out - dst);
}

void escape_json(const char *text, size_t len, char *dst) {
  for (size_t i = 0; i < len; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const char *found = c ? strchr(kEscaped, c) : nullptr;
    if (found) {
      *dst++ = '\\';
      *dst++ = kEscapes[found - kEscaped];
    } else if (c < 0x20) {
      *dst++ = '?';  // \u00XX would not fit: plugins give two bytes for one
    } else {
      *dst++ = text[i];
    }
  }
  *dst = '\0';
}

void escape_shell_arg(const char *text, size_t len, char *dst) {
  constexpr std::string_view kActive = "&;`'\"|*?~<>^()[]{}$\\\n";
  for (size_t i = 0; i < len; ++i) {
    if (kActive.find(text[i]) != kActive.npos) *dst++ = '\\';
    *dst++ = text[i];
  }
  *dst = '\0';
}

int uwsgi_str2_num(const char *digits) {
  return static_cast<int>(uwsgi_str_num(digits, 2));
}
int uwsgi_str3_num(const char *digits) {
  return static_cast<int>(uwsgi_str_num(digits, 3));
}
int uwsgi_str4_num(const char *digits) {
  return static_cast<int>(uwsgi_str_num(digits, 4));
}

}  // extern "C"
