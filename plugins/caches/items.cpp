// What is done with one item of a cache of this server: the functions whose caller holds the lock.
#include <cstring>

#include <atomic>

#include "cache.h"
#include "updates.h"

namespace mortise::caches {

namespace {

uint64_t now() {
  return static_cast<uint64_t>(uwsgi_now());
}

void count(uint64_t &counter) {
  std::atomic_ref(counter).fetch_add(1, std::memory_order_relaxed);
}

bool expired(const uwsgi_cache_item &item) {
  return item.expires && item.expires <= now();
}

// The item of a key that can be read: counts hits and misses. Readers call it at the same time.
uwsgi_cache_item *look_up(uwsgi_cache *uc, std::string_view key) {
  Table &table = of(uc).table;
  const uint64_t index = table.find(key);
  uwsgi_cache_item *item = index ? table.item(index) : nullptr;
  if (!item || expired(*item) || item->flags & UWSGI_CACHE_FLAG_UNGETTABLE) {
    count(uc->miss);
    return nullptr;
  }
  count(item->hits);
  count(uc->hits);
  if (uc->purge_lru) table.touch(index);
  return item;
}

void changed(uwsgi_cache *uc) {
  if (uc->use_last_modified) uc->last_modified_at = now();
  uc->n_items = of(uc).table.count();
}

void sweep(uwsgi_cache *uc) {
  uint64_t next = 0;
  of(uc).table.sweep(now(), &next);
  uc->next_scan = next;
  changed(uc);
}

// Makes room in a full cache as it is configured to: true where another attempt is worth while.
bool make_room(uwsgi_cache *uc) {
  Cache &cache = of(uc);
  if (uc->purge_lru) {
    const uint64_t oldest = cache.table.least_recently_used();
    if (oldest) cache.table.remove(oldest);
    return oldest != 0;
  }
  const uint64_t before = cache.table.count();
  if (uc->sweep_on_full && cache.swept_at + uc->sweep_on_full <= now()) {
    cache.swept_at = now();
    sweep(uc);
    if (cache.table.count() < before) return true;
  }
  if (uc->clear_on_full && before > 0) {
    cache.table.format();
    return true;
  }
  return false;
}

void report_full(uwsgi_cache *uc) {
  count(uc->full);
  static std::atomic<uint64_t> last = 0;
  if (uc->ignore_full || last == now() / 60) return;
  last = now() / 60;
  uwsgi_log(
      "cache '%s' is full: nothing more is stored (more items or blocks, or purge_lru=1, "
      "sweep_on_full=SECONDS)\n",
      uc->name);
}

int64_t calculate(int64_t value, int64_t operand, uint64_t flags) {
  const auto a = static_cast<uint64_t>(value), b = static_cast<uint64_t>(operand);
  if (flags & UWSGI_CACHE_FLAG_INC) return static_cast<int64_t>(a + b);
  if (flags & UWSGI_CACHE_FLAG_DEC) return static_cast<int64_t>(a - b);
  if (flags & UWSGI_CACHE_FLAG_MUL) return static_cast<int64_t>(a * b);
  if (flags & UWSGI_CACHE_FLAG_DIV)
    return operand == 0 || operand == -1 ? static_cast<int64_t>(b * a) : value / operand;
  return operand;
}

int64_t number_in(const Table &table, const uwsgi_cache_item &item) {
  int64_t value = 0;
  if (item.valsize == sizeof value) memcpy(&value, table.value(item), sizeof value);
  return value;
}

// Index of an item with room for so many bytes of value; 0: the cache is full.
uint64_t prepare(uwsgi_cache *uc, std::string_view key, uint64_t index, uint64_t bytes) {
  Table &table = of(uc).table;
  for (;;) {
    if (index && table.resize(index, bytes)) return index;
    if (!index && (index = table.insert(key, bytes))) return index;
    if (!make_room(uc)) return 0;
    index = table.find(key);  // it may have been what was removed
  }
}

int set(uwsgi_cache *uc, std::string_view key, std::string_view value, uint64_t expires, uint64_t flags) {
  Table &table = of(uc).table;
  if (key.empty() || key.size() > uc->keysize || value.size() > uc->max_item_size) return -1;
  if (flags & UWSGI_CACHE_FLAG_MATH && value.size() != sizeof(int64_t)) return -1;
  uint64_t index = table.find(key);
  if (index && expired(*table.item(index))) {
    table.remove(index);
    index = 0;
  }
  const bool known = index != 0;
  if (known && !(flags & UWSGI_CACHE_FLAG_UPDATE)) return -1;
  int64_t number = 0;
  if (flags & UWSGI_CACHE_FLAG_MATH) {
    int64_t operand = 0;
    memcpy(&operand, value.data(), sizeof operand);
    number = calculate(known ? number_in(table, *table.item(index)) : uc->math_initial, operand, flags);
    value = {reinterpret_cast<const char *>(&number), sizeof number};
  }
  index = prepare(uc, key, index, value.size());
  if (!index) return report_full(uc), -1;
  uwsgi_cache_item *item = table.item(index);
  if (!value.empty()) memcpy(table.value(*item), value.data(), value.size());
  item->flags = flags & UWSGI_CACHE_FLAG_UNGETTABLE;
  if (uc->purge_lru) table.touch(index);
  if (!known || !(flags & UWSGI_CACHE_FLAG_FIXEXPIRE)) {
    if (expires && !(flags & UWSGI_CACHE_FLAG_ABSEXPIRE)) expires += now();
    item->expires = uc->no_expire ? 0 : expires;
  }
  if (item->expires && (!uc->next_scan || item->expires < uc->next_scan)) uc->next_scan = item->expires;
  changed(uc);
  if (!(flags & UWSGI_CACHE_FLAG_LOCAL)) send_update(uc, key, value, item->expires);
  return 0;
}

}  // namespace

}  // namespace mortise::caches

using namespace mortise::caches;

extern "C" {

char *uwsgi_cache_get3(uwsgi_cache *uc, const char *key, uint16_t keylen, uint64_t *vallen,
                       uint64_t *expires) {
  const uwsgi_cache_item *item = look_up(uc, {key, keylen});
  if (!item) return nullptr;
  *vallen = item->valsize;
  if (expires) *expires = item->expires;
  return of(uc).table.value(*item);
}

char *uwsgi_cache_get2(uwsgi_cache *uc, const char *key, uint16_t keylen, uint64_t *vallen) {
  return uwsgi_cache_get3(uc, key, keylen, vallen, nullptr);
}

char *uwsgi_cache_get4(uwsgi_cache *uc, const char *key, uint16_t keylen, uint64_t *vallen, uint64_t *hits) {
  const uwsgi_cache_item *item = look_up(uc, {key, keylen});
  if (!item) return nullptr;
  *vallen = item->valsize;
  if (hits) *hits = item->hits;
  return of(uc).table.value(*item);
}

int64_t uwsgi_cache_num2(uwsgi_cache *uc, const char *key, uint16_t keylen) {
  const uwsgi_cache_item *item = look_up(uc, {key, keylen});
  return item ? number_in(of(uc).table, *item) : 0;
}

uint32_t uwsgi_cache_exists2(uwsgi_cache *uc, const char *key, uint16_t keylen) {
  const Table &table = of(uc).table;
  const uint64_t index = table.find({key, keylen});
  return index && !expired(*table.item(index)) ? static_cast<uint32_t>(index) : 0;
}

int uwsgi_cache_set2(uwsgi_cache *uc, const char *key, uint16_t keylen, const char *value, uint64_t vallen,
                     uint64_t expires, uint64_t flags) {
  return set(uc, {key, keylen}, {value, vallen}, expires, flags);
}

int uwsgi_cache_del2(uwsgi_cache *uc, const char *key, uint16_t keylen, uint64_t index, uint16_t flags) {
  Table &table = of(uc).table;
  if (!index) index = table.find({key, keylen});
  if (!index) return -1;
  if (!table.used(index)) return 0;  // by number: it is gone as it should be
  const uwsgi_cache_item *item = table.item(index);
  if (!(flags & UWSGI_CACHE_FLAG_LOCAL)) send_removal(uc, {item->key, item->keysize});
  table.remove(index);
  changed(uc);
  return 0;
}

uwsgi_cache_item *uwsgi_cache_item_at(uwsgi_cache *uc, uint64_t index) {
  const Table &table = of(uc).table;
  return index <= table.slots() ? table.item(index) : nullptr;
}

uwsgi_cache_item *uwsgi_cache_keys(uwsgi_cache *uc, uint64_t *pos, uwsgi_cache_item **item) {
  const Table &table = of(uc).table;
  // *pos counts the lists of the hash table; the rest of the one at *pos - 1 comes first.
  uint64_t index = *item ? (*item)->next : 0;
  for (;;) {
    while (index == 0 && *pos < uc->hashsize) index = table.chain((*pos)++);
    if (index == 0) return *item = nullptr;
    *item = table.item(index);
    if (!expired(**item)) return *item;
    index = (*item)->next;
  }
}

}  // extern "C"
