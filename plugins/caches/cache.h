// The caches of this server: made from their settings before the workers are forked, found by name.
#pragma once

#include <uwsgi.h>

#include <string_view>

#include "settings.h"
#include "table.h"

namespace mortise::caches {

// Behind uwsgi_cache.data.
struct Cache {
  Settings settings;
  Table table;
  int udp_socket = -1;     // what changes are sent from, to the nodes
  uint64_t swept_at = 0;   // by this process, because the cache was full
  uint64_t synced_at = 0;  // [sweeper]
};

inline Cache &of(const uwsgi_cache *uc) {
  return *static_cast<Cache *>(uc->data);
}

// Adds a cache to uwsgi.caches; null, and the log says why. [load, master]
uwsgi_cache *create(const Settings &settings);

// A name or "" for the first one; null where there is none. [any]
uwsgi_cache *find(std::string_view name);

class ReadLock {
 public:
  explicit ReadLock(const uwsgi_cache *uc) : lock_(uc->lock) { uwsgi_rlock(lock_); }
  ~ReadLock() { uwsgi_rwunlock(lock_); }
  ReadLock(const ReadLock &) = delete;
  ReadLock &operator=(const ReadLock &) = delete;

 private:
  uwsgi_lock_item *lock_;
};
class WriteLock {
 public:
  explicit WriteLock(const uwsgi_cache *uc) : lock_(uc->lock) { uwsgi_wlock(lock_); }
  ~WriteLock() { uwsgi_rwunlock(lock_); }
  WriteLock(const WriteLock &) = delete;
  WriteLock &operator=(const WriteLock &) = delete;

 private:
  uwsgi_lock_item *lock_;
};

}  // namespace mortise::caches
