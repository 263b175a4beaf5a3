#include "sweeper.h"

#include <uwsgi.h>

#include <sys/mman.h>

#include "cache.h"

namespace mortise::caches {

SweeperOptions sweeper_options;

namespace {

bool expires(const uwsgi_cache *uc) {
  return !sweeper_options.no_expire && !uc->no_expire && !uc->lazy_expire;
}

void sweep(uwsgi_cache *uc, uint64_t now) {
  if (!uc->next_scan || uc->next_scan > now)
    return;  // without the lock: the next turn sees what this one misses
  uint64_t removed = 0;
  {
    const WriteLock lock(uc);
    removed = of(uc).table.sweep(now, &uc->next_scan);
    uc->n_items = of(uc).table.count();
  }
  if (removed && sweeper_options.report)
    uwsgi_log("cache '%s': %llu expired items removed\n", uc->name, static_cast<unsigned long long>(removed));
}

void write_back(uwsgi_cache *uc, uint64_t now) {
  Cache &cache = of(uc);
  if (!uc->store || !uc->store_sync || now < cache.synced_at + uc->store_sync) return;
  cache.synced_at = now;
  if (msync(uc->items, uc->filesize, MS_SYNC))
    uwsgi_log("cache '%s': write %s: %s (tried again in %llu s)\n", uc->name, uc->store, strerror(errno),
              static_cast<unsigned long long>(uc->store_sync));
}

void run(int, void *) {
  uwsgi_process_ready();
  while (!uwsgi_stopping()) {
    pollfd stop = {uwsgi_stop_fd(), POLLIN, 0};
    if (poll(&stop, 1, sweeper_options.freq * 1000) > 0) break;
    const auto now = static_cast<uint64_t>(uwsgi_now());
    for (uwsgi_cache *uc = uwsgi.caches; uc; uc = uc->next) {
      if (expires(uc)) sweep(uc, now);
      write_back(uc, now);
    }
  }
  for (uwsgi_cache *uc = uwsgi.caches; uc; uc = uc->next)
    if (uc->store) msync(uc->items, uc->filesize, MS_ASYNC);
}

}  // namespace

int start_sweeper() {
  if (sweeper_options.freq <= 0) sweeper_options.freq = 3;
  bool wanted = false;
  for (const uwsgi_cache *uc = uwsgi.caches; uc; uc = uc->next)
    wanted = wanted || expires(uc) || uc->store_sync;
  if (!wanted) return 0;
  const uwsgi_process_role role = {
      .name = "cache sweeper", .instances = 1, .body = run, .data = nullptr, .stop_first = 0};
  return uwsgi_register_process(&role);
}

}  // namespace mortise::caches
