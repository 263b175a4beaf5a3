// The hook table, the options, and the order of the start.
#include <uwsgi.h>

#include "cache.h"
#include "first_items.h"
#include "protocol.h"
#include "sweeper.h"
#include "updates.h"

namespace mortise::caches {

namespace {

// The options of uWSGI's first kind of cache: one, without a name.
struct OldOptions {
  uint64_t items = 0;
  uint64_t blocksize = 0;
  char *store = nullptr;
  int store_sync = 0;
  int use_last_modified = 0;
  char *sync = nullptr;
  uwsgi_string_list *nodes = nullptr, *servers = nullptr;
} old;
uwsgi_string_list *wanted = nullptr;

int create_old() {
  if (!old.items) return 0;
  Settings settings;
  settings.max_items = old.items;
  if (old.blocksize) settings.blocksize = old.blocksize;
  if (old.store) settings.store = old.store;
  settings.store_sync = static_cast<uint64_t>(old.store_sync);
  settings.use_last_modified = old.use_last_modified != 0;
  if (old.sync) settings.sync_nodes = {old.sync};
  for (const uwsgi_string_list *node = old.nodes; node; node = node->next)
    settings.nodes.emplace_back(node->value);
  for (const uwsgi_string_list *server = old.servers; server; server = server->next)
    settings.udp_servers.emplace_back(server->value);
  return create(settings) ? 0 : -1;
}

int init() {
  if (create_old()) return -1;
  for (const uwsgi_string_list *item = wanted; item; item = item->next)
    if (!uwsgi_cache_create(item->value)) return -1;
  return add_first_items() || start_udp_servers() || start_sweeper() ? -1 : 0;
}

uwsgi_option options[] = {
    {"cache", required_argument, 0, "a cache with this many items, named default", uwsgi_opt_set_64bit,
     &old.items, 0},
    {"cache-blocksize", required_argument, 0, "largest value in it, in bytes (65536)", uwsgi_opt_set_64bit,
     &old.blocksize, 0},
    {"cache-store", required_argument, 0, "file that keeps it", uwsgi_opt_set_str, &old.store, 0},
    {"cache-store-sync", required_argument, 0, "seconds between two writes of that file to the disk",
     uwsgi_opt_set_int, &old.store_sync, 0},
    {"cache-use-last-modified", no_argument, 0, "remember when it was changed", uwsgi_opt_true,
     &old.use_last_modified, 0},
    {"cache-sync", required_argument, 0, "start with the items of the server at this address",
     uwsgi_opt_set_str, &old.sync, 0},
    {"cache-udp-node", required_argument, 0, "tell changes to the server at this address",
     uwsgi_opt_add_string_list, &old.nodes, 0},
    {"cache-udp-server", required_argument, 0, "listen for changes on this address",
     uwsgi_opt_add_string_list, &old.servers, 0},
    {"cache2", required_argument, 0, "a cache: name=x,items=100,blocksize=65536,…", uwsgi_opt_add_string_list,
     &wanted, 0},
    {"cache-expire-freq", required_argument, 0, "seconds between two looks for what expired (3)",
     uwsgi_opt_set_int, &sweeper_options.freq, 0},
    {"cache-no-expire", no_argument, 0, "leave what expired in memory until it is overwritten",
     uwsgi_opt_true, &sweeper_options.no_expire, 0},
    {"cache-report-freed-items", no_argument, 0, "log how many items expired", uwsgi_opt_true,
     &sweeper_options.report, 0},
    {"add-cache-item", required_argument, 0, "an item from the start: [cache] key=value",
     uwsgi_opt_add_string_list, &first_items.items, 0},
    {"load-file-in-cache", required_argument, 0, "a file as an item from the start: [cache] path",
     uwsgi_opt_add_string_list, &first_items.files, 0},
    {"load-file-in-cache-gzip", required_argument, 0, "same, compressed, as path.gz",
     uwsgi_opt_add_string_list, &first_items.gzip_files, 0},
    UWSGI_END_OF_OPTIONS};

}  // namespace

}  // namespace mortise::caches

using namespace mortise::caches;

uwsgi_plugin caches_plugin = {
    .name = "caches",
    .modifier1 = 111,
    .init = init,
    .options = options,
    .request = serve_request,
};
