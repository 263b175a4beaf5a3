// The items of one cache: a hash table over a flat piece of memory, which processes share or a file keeps. No
// locks, no clock: whoever calls holds the cache's lock and tells the time. A process that dies in the middle
// of a change leaves a mark, by which the next change finds out and builds the table anew.
#pragma once

#include <uwsgi.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace mortise::caches {

// What decides how the memory is laid out.
struct Geometry {
  uint64_t max_items, blocks, blocksize, keysize, hashsize;
  uint64_t bitmap;  // 1: values in runs of blocks; 0: item n has block n
  bool operator==(const Geometry &) const = default;
};

using Hash = uint32_t (*)(const char *key, uint64_t len);

class Table {
 public:
  static uint64_t bytes_of(const Geometry &);

  // Memory of bytes_of() bytes, zero or with what an earlier table of the same geometry left.
  Table(void *memory, const Geometry &geometry, Hash hash);

  // Whether the memory has items of this geometry.
  static bool holds(const void *memory, const Geometry &);
  // Empties it, or builds the table anew from the items that are whole: their number.
  void format();
  uint64_t rebuild();

  // Index of a key's item, 0 where there is none; expired items are there until they are removed.
  uint64_t find(std::string_view key) const;
  uwsgi_cache_item *item(uint64_t index) const;
  char *value(const uwsgi_cache_item &item) const;
  bool used(uint64_t index) const { return index > 0 && index <= high_water() && item(index)->keysize > 0; }

  // New item with room for `bytes` of value: its index, 0 where there is no item or no room left.
  uint64_t insert(std::string_view key, uint64_t bytes);
  // Other size of the value, whose old bytes are lost: false where there is no room; the item is as it was.
  bool resize(uint64_t index, uint64_t bytes);
  void remove(uint64_t index);

  // Remembers that the item was asked for. Readers at the same time do no harm.
  void touch(uint64_t index) const;
  // The one that was asked for longest ago, 0: none.
  uint64_t least_recently_used() const;
  // Removes what expired: its number. *next_expiry: when the next one will, 0: never.
  uint64_t sweep(uint64_t now, uint64_t *next_expiry);

  uint64_t count() const;
  uint64_t slots() const { return geometry_.max_items; }
  uint64_t largest_value() const;
  const Geometry &geometry() const { return geometry_; }
  // Items at and below this index have been used.
  uint64_t high_water() const;

  // The n-th list of the hash table and what follows an item in its list, for walks over all items.
  uint64_t chain(uint64_t n) const { return heads_[n]; }
  uint64_t next_in_chain(uint64_t index) const { return item(index)->next; }

 private:
  struct Header;
  class Change;
  void link(uint64_t index);
  void unlink(uint64_t index);
  std::optional<uint64_t> take_blocks(uint64_t bytes, uint64_t index);
  void mark_blocks(uint64_t first, uint64_t count, bool taken);
  bool block_taken(uint64_t block) const { return bitmap_[block / 8] >> block % 8 & 1; }
  uint64_t blocks_for(uint64_t bytes) const;
  bool is_whole(uint64_t index) const;

  Geometry geometry_;
  Hash hash_;
  uint64_t stride_;
  Header *header_;
  uint64_t *heads_;    // hashsize, 0: empty
  uint64_t *touched_;  // by index: when, in ticks
  uint8_t *bitmap_;
  char *items_;
  char *data_;
};

}  // namespace mortise::caches
