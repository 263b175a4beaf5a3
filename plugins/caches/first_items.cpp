#include "first_items.h"

#include <memory>
#include <string>

#include "cache.h"
#include "remote.h"

namespace mortise::caches {

FirstItems first_items;

namespace {

struct Target {
  std::string cache, rest;
};

// "[name] rest": a blank splits, since paths and keys come without one.
Target split(std::string_view text) {
  const size_t blank = text.find(' ');
  if (blank == text.npos) return {"", std::string(text)};
  return {std::string(text.substr(0, blank)), std::string(text.substr(blank + 1))};
}

int store(const std::string &cache, std::string_view key, std::string_view value, const char *what) {
  const uwsgi_cache *uc = find(cache);
  const std::string_view why = !uc                                ? "there is no such cache"
                               : value.size() > uc->max_item_size ? "it is larger than the cache's items"
                               : key.empty() || key.size() > uc->keysize
                                   ? "its key is empty or longer than keysize"
                                   : "";
  const int failed =
      !why.empty() || uwsgi_cache_magic_set(key.data(), static_cast<uint16_t>(key.size()), value.data(),
                                            value.size(), 0, UWSGI_CACHE_FLAG_UPDATE, cache.c_str());
  if (failed)
    uwsgi_log("cache '%s': %s not stored: %s\n", cache.c_str(), what,
              why.empty() ? "it is full" : why.data());
  return failed ? -1 : 0;
}

int add_items() {
  for (const uwsgi_string_list *item = first_items.items; item; item = item->next) {
    const std::string_view text = item->value;
    const size_t equal = text.find('=');
    if (equal == text.npos) {
      uwsgi_log("add-cache-item '%s': it has no value ([cache] key=value)\n", item->value);
      return -1;
    }
    const Target target = split(text.substr(0, equal));
    if (store(target.cache, target.rest, text.substr(equal + 1), item->value)) return -1;
  }
  return 0;
}

int add_files() {
  for (const uwsgi_string_list *item = first_items.files; item; item = item->next) {
    const Target target = split(item->value);
    size_t size = 0;
    const std::unique_ptr<char, decltype(&free)> content(
        uwsgi_open_and_read(target.rest.c_str(), &size, 0, nullptr), free);
    if (store(target.cache, target.rest, {content.get(), size}, item->value)) return -1;
  }
  return 0;
}

int run(const std::string &command, const std::string &path, std::string *output) {
  std::string safe = "'";
  for (const char c : path) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
  FILE *pipe = popen((command + " " + safe + "'").c_str(), "re");
  if (!pipe) return -1;
  char block[65536];
  for (size_t got; (got = fread(block, 1, sizeof block, pipe)) > 0;) output->append(block, got);
  return pclose(pipe);
}

// Under the key path.gz, as a server of static files looks for them.
int add_gzip_files() {
  for (const uwsgi_string_list *item = first_items.gzip_files; item; item = item->next) {
    const Target target = split(item->value);
    std::string packed;
    if (run("gzip -9 -n -c --", target.rest, &packed)) {
      uwsgi_log("load-file-in-cache-gzip %s: gzip failed (is the file there, is gzip installed?)\n",
                target.rest.c_str());
      return -1;
    }
    if (store(target.cache, target.rest + ".gz", packed, item->value)) return -1;
  }
  return 0;
}

}  // namespace

int add_first_items() {
  for (uwsgi_cache *uc = uwsgi.caches; uc; uc = uc->next)
    if (uc->sync_nodes) uwsgi_cache_sync_from_nodes(uc);
  return add_items() || add_files() || add_gzip_files() ? -1 : 0;
}

}  // namespace mortise::caches

using namespace mortise::caches;

extern "C" void uwsgi_cache_sync_from_nodes(uwsgi_cache *uc) {
  for (const uwsgi_string_list *node = uc->sync_nodes; node; node = node->next) {
    const auto dump = fetch_dump(node->value, uc->name, uc->filesize);
    Table &table = of(uc).table;
    if (!dump || !Table::holds(dump->data(), table.geometry())) {
      uwsgi_log("cache '%s': no items from %s (is it up, with a cache of this name and these numbers?)\n",
                uc->name, node->value);
      continue;
    }
    const WriteLock lock(uc);
    memcpy(uc->items, dump->data(), dump->size());
    uc->n_items = table.rebuild();
    uc->next_scan = 1;
    uwsgi_log("cache '%s': %llu items from %s\n", uc->name, static_cast<unsigned long long>(uc->n_items),
              node->value);
    return;
  }
}
