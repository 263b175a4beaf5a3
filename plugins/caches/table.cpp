#include "table.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace mortise::caches {

namespace {

constexpr char kMagic[8] = {'m', 'r', 't', 'c', 'a', 'c', 'h', '1'};

constexpr uint64_t aligned(uint64_t bytes, uint64_t to = 8) {
  return (bytes + to - 1) / to * to;
}

uint64_t stride_of(const Geometry &geometry) {
  return aligned(offsetof(uwsgi_cache_item, key) + geometry.keysize);
}

}  // namespace

struct Table::Header {
  char magic[8];
  Geometry geometry;
  uint64_t count;
  uint64_t free;        // first of the items that were used before, in a list by `next`
  uint64_t high_water;  // items above were never used
  uint64_t tick;
  uint64_t changing;  // 1: a process is in the middle of a change, or died there
};

class Table::Change {
 public:
  explicit Change(Table &table) : header_(table.header_) {
    if (header_->changing) table.rebuild();
    header_->changing = 1;
    std::atomic_signal_fence(std::memory_order_seq_cst);  // the compiler keeps the mark around the change
  }
  ~Change() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    header_->changing = 0;
  }
  Change(const Change &) = delete;
  Change &operator=(const Change &) = delete;

 private:
  Header *header_;
};

uint64_t Table::bytes_of(const Geometry &geometry) {
  const uint64_t indexes = geometry.max_items + 1;
  return aligned(sizeof(Header)) + geometry.hashsize * 8 + indexes * 8 + aligned((geometry.blocks + 7) / 8) +
         indexes * stride_of(geometry) + geometry.blocks * geometry.blocksize;
}

Table::Table(void *memory, const Geometry &geometry, Hash hash)
    : geometry_(geometry), hash_(hash), stride_(stride_of(geometry)) {
  char *at = static_cast<char *>(memory);
  const uint64_t indexes = geometry.max_items + 1;
  header_ = reinterpret_cast<Header *>(at);
  at += aligned(sizeof(Header));
  heads_ = reinterpret_cast<uint64_t *>(at);
  at += geometry.hashsize * 8;
  touched_ = reinterpret_cast<uint64_t *>(at);
  at += indexes * 8;
  bitmap_ = reinterpret_cast<uint8_t *>(at);
  at += aligned((geometry.blocks + 7) / 8);
  items_ = at;
  data_ = at + indexes * stride_;
}

bool Table::holds(const void *memory, const Geometry &geometry) {
  const auto *header = static_cast<const Header *>(memory);
  return memcmp(header->magic, kMagic, sizeof kMagic) == 0 && header->geometry == geometry;
}

void Table::format() {
  // What is zero already is not written: pages that nobody used stay unallocated.
  const uint64_t used =
      memcmp(header_->magic, kMagic, sizeof kMagic) ? 0 : std::min(header_->high_water, slots());
  for (uint64_t i = 0; i < geometry_.hashsize; ++i)
    if (heads_[i]) heads_[i] = 0;
  for (uint64_t i = 0; i < (geometry_.blocks + 7) / 8; ++i)
    if (bitmap_[i]) bitmap_[i] = 0;
  for (uint64_t i = 1; i <= used; ++i) item(i)->keysize = 0;
  *header_ = {};
  memcpy(header_->magic, kMagic, sizeof kMagic);
  header_->geometry = geometry_;
}

uint64_t Table::rebuild() {
  const uint64_t used = std::min(header_->high_water, slots());
  std::fill_n(heads_, geometry_.hashsize, 0);
  std::fill_n(bitmap_, (geometry_.blocks + 7) / 8, uint8_t{0});
  header_->count = header_->free = header_->changing = 0;
  header_->high_water = used;
  for (uint64_t index = used; index > 0; --index) {
    uwsgi_cache_item *entry = item(index);
    const bool whole = is_whole(index) && find({entry->key, entry->keysize}) == 0;
    if (whole) {
      if (geometry_.bitmap) mark_blocks(entry->first_block, blocks_for(entry->valsize), true);
      link(index);
      ++header_->count;
    } else {
      entry->keysize = 0;
      entry->next = header_->free;
      header_->free = index;
    }
  }
  return header_->count;
}

// An item of a file that another process may have been writing when it died.
bool Table::is_whole(uint64_t index) const {
  const uwsgi_cache_item *entry = item(index);
  if (entry->keysize == 0 || entry->keysize > geometry_.keysize) return false;
  if (entry->hash != hash_(entry->key, entry->keysize)) return false;
  if (entry->valsize > largest_value()) return false;
  if (!geometry_.bitmap) return entry->first_block == index - 1;
  const uint64_t count = blocks_for(entry->valsize);
  if (entry->first_block >= geometry_.blocks || count > geometry_.blocks - entry->first_block) return false;
  for (uint64_t i = 0; i < count; ++i)
    if (block_taken(entry->first_block + i)) return false;
  return true;
}

uwsgi_cache_item *Table::item(uint64_t index) const {
  return reinterpret_cast<uwsgi_cache_item *>(items_ + index * stride_);
}

char *Table::value(const uwsgi_cache_item &entry) const {
  return data_ + entry.first_block * geometry_.blocksize;
}

uint64_t Table::find(std::string_view key) const {
  if (key.empty() || key.size() > geometry_.keysize) return 0;
  const uint32_t hash = hash_(key.data(), key.size());
  for (uint64_t index = heads_[hash % geometry_.hashsize]; index; index = item(index)->next) {
    const uwsgi_cache_item *entry = item(index);
    if (entry->hash == hash && std::string_view(entry->key, entry->keysize) == key) return index;
  }
  return 0;
}

uint64_t Table::insert(std::string_view key, uint64_t bytes) {
  if (key.empty() || key.size() > geometry_.keysize || bytes > largest_value()) return 0;
  const Change change(*this);
  const uint64_t index = header_->free ? header_->free : header_->high_water + 1;
  if (index > slots()) return 0;
  const auto first = take_blocks(bytes, index);
  if (!first) return 0;
  uwsgi_cache_item *entry = item(index);
  if (header_->free)
    header_->free = entry->next;
  else
    header_->high_water = index;
  *entry = {};
  memcpy(entry->key, key.data(), key.size());
  entry->hash = hash_(key.data(), key.size());
  entry->first_block = *first;
  entry->valsize = bytes;
  entry->keysize = static_cast<uint16_t>(key.size());
  link(index);
  ++header_->count;
  touch(index);
  return index;
}

bool Table::resize(uint64_t index, uint64_t bytes) {
  uwsgi_cache_item *entry = item(index);
  if (bytes > largest_value()) return false;
  const Change change(*this);
  if (!used(index)) return false;
  if (geometry_.bitmap && blocks_for(bytes) != blocks_for(entry->valsize)) {
    mark_blocks(entry->first_block, blocks_for(entry->valsize), false);
    const auto first = take_blocks(bytes, index);
    if (!first) {
      mark_blocks(entry->first_block, blocks_for(entry->valsize), true);
      return false;
    }
    entry->first_block = *first;
  }
  entry->valsize = bytes;
  return true;
}

void Table::remove(uint64_t index) {
  const Change change(*this);
  if (!used(index)) return;
  uwsgi_cache_item *entry = item(index);
  if (geometry_.bitmap) mark_blocks(entry->first_block, blocks_for(entry->valsize), false);
  unlink(index);
  entry->keysize = 0;
  entry->expires = 0;
  entry->next = header_->free;
  header_->free = index;
  --header_->count;
}

void Table::touch(uint64_t index) const {
  const uint64_t tick = std::atomic_ref(header_->tick).fetch_add(1, std::memory_order_relaxed) + 1;
  std::atomic_ref(touched_[index]).store(tick, std::memory_order_relaxed);
}

uint64_t Table::least_recently_used() const {
  uint64_t oldest = 0;
  for (uint64_t index = 1; index <= header_->high_water; ++index)
    if (used(index) && (!oldest || touched_[index] < touched_[oldest])) oldest = index;
  return oldest;
}

uint64_t Table::sweep(uint64_t now, uint64_t *next_expiry) {
  uint64_t removed = 0;
  *next_expiry = 0;
  for (uint64_t index = 1; index <= header_->high_water; ++index) {
    const uint64_t expires = used(index) ? item(index)->expires : 0;
    if (expires && expires <= now) {
      remove(index);
      ++removed;
    } else if (expires && (!*next_expiry || expires < *next_expiry)) {
      *next_expiry = expires;
    }
  }
  return removed;
}

uint64_t Table::count() const {
  return header_->count;
}
uint64_t Table::high_water() const {
  return header_->high_water;
}
uint64_t Table::largest_value() const {
  return geometry_.bitmap ? geometry_.blocks * geometry_.blocksize : geometry_.blocksize;
}

void Table::link(uint64_t index) {
  uwsgi_cache_item *entry = item(index);
  uint64_t &head = heads_[entry->hash % geometry_.hashsize];
  entry->prev = 0;
  entry->next = head;
  if (head) item(head)->prev = index;
  head = index;
}

void Table::unlink(uint64_t index) {
  const uwsgi_cache_item *entry = item(index);
  if (entry->prev)
    item(entry->prev)->next = entry->next;
  else
    heads_[entry->hash % geometry_.hashsize] = entry->next;
  if (entry->next) item(entry->next)->prev = entry->prev;
}

uint64_t Table::blocks_for(uint64_t bytes) const {
  return std::max<uint64_t>(1, (bytes + geometry_.blocksize - 1) / geometry_.blocksize);
}

// First fit.
std::optional<uint64_t> Table::take_blocks(uint64_t bytes, uint64_t index) {
  if (!geometry_.bitmap) return index - 1;
  const uint64_t wanted = blocks_for(bytes);
  uint64_t run = 0;
  for (uint64_t block = 0; block < geometry_.blocks; ++block) {
    if (run == 0 && block % 8 == 0 && bitmap_[block / 8] == 0xff) {
      block += 7;
      continue;
    }
    run = block_taken(block) ? 0 : run + 1;
    if (run < wanted) continue;
    const uint64_t first = block + 1 - wanted;
    mark_blocks(first, wanted, true);
    return first;
  }
  return std::nullopt;
}

void Table::mark_blocks(uint64_t first, uint64_t count, bool taken) {
  for (uint64_t block = first; block < first + count; ++block) {
    const auto bit = static_cast<uint8_t>(1 << block % 8);
    bitmap_[block / 8] = static_cast<uint8_t>(taken ? bitmap_[block / 8] | bit : bitmap_[block / 8] & ~bit);
  }
}

}  // namespace mortise::caches
