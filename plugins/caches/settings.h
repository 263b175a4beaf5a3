// What a cache is configured to be: the text of a `cache2` option to a structure. Knows nothing of memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mortise::caches {

struct Settings {
  std::string name = "default";
  uint64_t max_items = 0;
  uint64_t blocksize = 65536;
  uint64_t blocks = 0;  // 0: one for each item
  uint64_t keysize = 2048;
  uint64_t hashsize = 65536;
  std::string hash = "djb33x";
  bool bitmap = false;  // a value takes as many neighbouring blocks as it needs
  bool purge_lru = false;
  bool lazy_expire = false;
  bool ignore_full = false;
  bool use_last_modified = false;
  bool no_expire = false;
  bool clear_on_full = false;
  uint64_t sweep_on_full = 0;  // seconds between two sweeps of a full cache; 0: none
  int64_t math_initial = 0;
  std::string store;
  uint64_t store_sync = 0;  // seconds between two msync(2)
  bool store_delete = false;
  std::vector<std::string> nodes, sync_nodes, udp_servers;
};

// `error` is empty where the text is good: "name=x,items=100,…", or "x" for a name with `fallback_items`.
struct ParsedSettings {
  Settings settings;
  std::string error;
};
ParsedSettings parse_settings(const std::string &text);

// The error of settings that cannot be met; empty where there is none.
std::string check_settings(const Settings &);

}  // namespace mortise::caches
