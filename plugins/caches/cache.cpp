#include "cache.h"

#include <mortise/lifecycle.h>

#include "hash.h"
#include "store_file.h"

namespace mortise::caches {

namespace {

uwsgi_string_list *list_of(const std::vector<std::string> &values) {
  uwsgi_string_list *list = nullptr;
  for (const std::string &value : values) uwsgi_string_new_list(&list, uwsgi_str(value.c_str()));
  return list;
}

Geometry geometry_of(const Settings &settings) {
  const uint64_t blocks = settings.bitmap && settings.blocks ? settings.blocks : settings.max_items;
  return {settings.max_items, blocks,         settings.blocksize, settings.keysize,
          settings.hashsize,  settings.bitmap};
}

uwsgi_cache *refuse(const Settings &settings, const std::string &why) {
  uwsgi_log("cache '%s': %s\n", settings.name.c_str(), why.c_str());
  return nullptr;
}

void append(uwsgi_cache *uc) {
  uwsgi_cache **end = &uwsgi.caches;
  while (*end) end = &(*end)->next;
  *end = uc;
}

// The public structure, which processes share for its counters.
uwsgi_cache *publish(const Settings &settings, const Table &table, void *memory, uint64_t bytes, Hash hash) {
  auto *uc = static_cast<uwsgi_cache *>(uwsgi_calloc_shared(sizeof(uwsgi_cache)));
  const Geometry &geometry = table.geometry();
  uc->name = uwsgi_str(settings.name.c_str());
  uc->name_len = static_cast<uint16_t>(settings.name.size());
  uc->keysize = geometry.keysize;
  uc->blocks = geometry.blocks;
  uc->blocksize = geometry.blocksize;
  uc->max_items = geometry.max_items;
  uc->max_item_size = table.largest_value();
  uc->n_items = table.count();
  uc->hashsize = static_cast<uint32_t>(geometry.hashsize);
  uc->hash = static_cast<uwsgi_hash_algo *>(uwsgi_calloc(sizeof(uwsgi_hash_algo)));
  *uc->hash = {uwsgi_str(settings.hash.c_str()), hash, nullptr};
  uc->use_last_modified = settings.use_last_modified;
  uc->use_blocks_bitmap = settings.bitmap;
  uc->purge_lru = settings.purge_lru;
  uc->lazy_expire = settings.lazy_expire;
  uc->ignore_full = settings.ignore_full;
  uc->sweep_on_full = settings.sweep_on_full;
  uc->clear_on_full = settings.clear_on_full;
  uc->no_expire = settings.no_expire;
  uc->next_scan = 1;  // items of a file may have expired
  uc->filesize = bytes;
  uc->store = settings.store.empty() ? nullptr : uwsgi_str(settings.store.c_str());
  uc->store_sync = settings.store_sync;
  uc->math_initial = settings.math_initial;
  uc->nodes = list_of(settings.nodes);
  uc->sync_nodes = list_of(settings.sync_nodes);
  uc->udp_servers = list_of(settings.udp_servers);
  uc->lock = uwsgi_rwlock_init(("cache " + settings.name).c_str());
  uc->items = memory;
  return uc;
}

}  // namespace

uwsgi_cache *create(const Settings &settings) {
  if (const std::string error = check_settings(settings); !error.empty()) return refuse(settings, error);
  if (settings.name.size() > 255) return refuse(settings, "its name is longer than 255 bytes");
  if (find(settings.name))
    return refuse(settings, "there are two of this name (give each its own: name=other)");
  const Hash hash = find_hash(settings.hash.c_str());
  if (!hash) return refuse(settings, "there is no hash '" + settings.hash + "' (djb33x or murmur2)");
  const Geometry geometry = geometry_of(settings);
  const uint64_t bytes = Table::bytes_of(geometry);
  void *memory = nullptr;
  if (settings.store.empty()) {
    memory = uwsgi_calloc_shared(bytes);
  } else {
    std::string error;
    memory = map_store(settings, bytes, &error);
    if (!memory) return refuse(settings, error);
  }
  Table table(memory, geometry, hash);
  if (Table::holds(memory, geometry)) {
    const uint64_t items = table.rebuild();
    uwsgi_log("cache '%s': %llu items from %s\n", settings.name.c_str(),
              static_cast<unsigned long long>(items), settings.store.c_str());
  } else {
    table.format();
  }
  uwsgi_cache *uc = publish(settings, table, memory, bytes, hash);
  uc->data = new Cache{settings, table};
  append(uc);
  uwsgi_log("cache '%s': %llu items of at most %llu bytes, %llu kB%s%s\n", settings.name.c_str(),
            static_cast<unsigned long long>(uc->max_items),
            static_cast<unsigned long long>(uc->max_item_size), static_cast<unsigned long long>(bytes / 1024),
            settings.store.empty() ? "" : " in ", settings.store.c_str());
  return uc;
}

uwsgi_cache *find(std::string_view name) {
  if (name.empty()) return uwsgi.caches;
  for (uwsgi_cache *uc = uwsgi.caches; uc; uc = uc->next)
    if (name == std::string_view(uc->name, uc->name_len)) return uc;
  return nullptr;
}

}  // namespace mortise::caches

using namespace mortise::caches;

extern "C" {

uwsgi_cache *uwsgi_cache_by_name(const char *name) {
  return find(name ? name : "");
}

uwsgi_cache *uwsgi_cache_by_namelen(const char *name, uint16_t len) {
  return find(name ? std::string_view(name, len) : "");
}

uwsgi_cache *uwsgi_cache_create(char *arg) {
  const ParsedSettings parsed = parse_settings(arg ? arg : "");
  if (parsed.error.empty()) return create(parsed.settings);
  uwsgi_log("cache '%s': %s\n", arg ? arg : "", parsed.error.c_str());
  return nullptr;
}

}  // extern "C"
