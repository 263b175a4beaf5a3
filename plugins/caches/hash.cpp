#include "hash.h"

#include <cstring>

namespace mortise::caches {

namespace {

// Bernstein's, with xor.
uint32_t djb33x(const char *key, uint64_t len) {
  uint32_t hash = 5381;
  for (uint64_t i = 0; i < len; ++i) hash = hash * 33 ^ static_cast<uint8_t>(key[i]);
  return hash;
}

// Appleby's MurmurHash2, 32 bit, with the length as seed.
uint32_t murmur2(const char *key, uint64_t len) {
  constexpr uint32_t kFactor = 0x5bd1e995;
  uint32_t hash = 0 ^ static_cast<uint32_t>(len);
  for (; len >= 4; key += 4, len -= 4) {
    uint32_t word;
    memcpy(&word, key, 4);
    word *= kFactor;
    word ^= word >> 24;
    hash = hash * kFactor ^ word * kFactor;
  }
  for (uint64_t i = len; i > 0; --i)
    hash ^= static_cast<uint32_t>(static_cast<uint8_t>(key[i - 1])) << 8 * (i - 1);
  if (len > 0) hash *= kFactor;
  hash = (hash ^ hash >> 13) * kFactor;
  return hash ^ hash >> 15;
}

}  // namespace

Hash find_hash(const char *name) {
  if (strcmp(name, "djb33x") == 0) return djb33x;
  if (strcmp(name, "murmur2") == 0) return murmur2;
  return nullptr;
}

}  // namespace mortise::caches
