// uwsgi_cache_magic_*: by the name of a cache, of this server or "name@host:port" of another one. They lock.
#include <cstring>

#include <string>

#include "cache.h"
#include "remote.h"

namespace mortise::caches {

namespace {

struct Where {
  uwsgi_cache *local = nullptr;
  std::string address = {};  // of another server
  std::string name = {};
};

Where resolve(const char *cache) {
  const std::string_view name = cache ? cache : "";
  const size_t at = name.find('@');
  if (at == name.npos) return {find(name)};
  return {nullptr, std::string(name.substr(at + 1)), std::string(name.substr(0, at))};
}

std::string_view command_of(uint64_t flags) {
  if (flags & UWSGI_CACHE_FLAG_INC) return "inc";
  if (flags & UWSGI_CACHE_FLAG_DEC) return "dec";
  if (flags & UWSGI_CACHE_FLAG_MUL) return "mul";
  if (flags & UWSGI_CACHE_FLAG_DIV) return "div";
  return flags & UWSGI_CACHE_FLAG_UPDATE ? "update" : "set";
}

char *copy(const char *value, uint64_t len) {
  auto *bytes =
      static_cast<char *>(uwsgi_malloc(len + 1));  // strings of C end in 0 for those who forget the length
  if (len) memcpy(bytes, value, len);
  bytes[len] = 0;
  return bytes;
}

void remove_expired(uwsgi_cache *uc, const char *key, uint16_t keylen) {
  const WriteLock lock(uc);
  const uint64_t index = of(uc).table.find({key, keylen});
  if (index && !uwsgi_cache_exists2(uc, key, keylen))
    uwsgi_cache_del2(uc, nullptr, 0, index, UWSGI_CACHE_FLAG_LOCAL);
}

void clear(uwsgi_cache *uc) {
  const WriteLock lock(uc);
  of(uc).table.format();
  uc->n_items = 0;
  if (uc->use_last_modified) uc->last_modified_at = static_cast<uint64_t>(uwsgi_now());
}

}  // namespace

}  // namespace mortise::caches

using namespace mortise::caches;

extern "C" {

char *uwsgi_cache_magic_get(const char *key, uint16_t keylen, uint64_t *vallen, uint64_t *expires,
                            const char *cache) {
  const Where where = resolve(cache);
  if (!where.address.empty()) {
    const auto answer = ask(where.address, {.command = "get", .key = {key, keylen}, .cache = where.name});
    if (!answer) return nullptr;
    *vallen = answer->value.size();
    if (expires) *expires = answer->expires;
    return copy(answer->value.data(), answer->value.size());
  }
  if (!where.local) return nullptr;
  {
    const ReadLock lock(where.local);
    if (const char *value = uwsgi_cache_get3(where.local, key, keylen, vallen, expires))
      return copy(value, *vallen);
  }
  if (where.local->lazy_expire) remove_expired(where.local, key, keylen);
  return nullptr;
}

int uwsgi_cache_magic_set(const char *key, uint16_t keylen, const char *value, uint64_t vallen,
                          uint64_t expires, uint64_t flags, const char *cache) {
  const Where where = resolve(cache);
  if (!where.address.empty())
    return ask(where.address, {command_of(flags), {key, keylen}, {value, vallen}, expires, where.name}) ? 0
                                                                                                        : -1;
  if (!where.local) return -1;
  const WriteLock lock(where.local);
  return uwsgi_cache_set2(where.local, key, keylen, value, vallen, expires, flags);
}

int uwsgi_cache_magic_del(const char *key, uint16_t keylen, const char *cache) {
  const Where where = resolve(cache);
  if (!where.address.empty())
    return ask(where.address, {.command = "del", .key = {key, keylen}, .cache = where.name}) ? 0 : -1;
  if (!where.local) return -1;
  const WriteLock lock(where.local);
  return uwsgi_cache_del2(where.local, key, keylen, 0, 0);
}

int uwsgi_cache_magic_exists(const char *key, uint16_t keylen, const char *cache) {
  const Where where = resolve(cache);
  if (!where.address.empty())
    return ask(where.address, {.command = "exists", .key = {key, keylen}, .cache = where.name}) ? 1 : 0;
  if (!where.local) return 0;
  const ReadLock lock(where.local);
  return uwsgi_cache_exists2(where.local, key, keylen) ? 1 : 0;
}

int uwsgi_cache_magic_clear(const char *cache) {
  const Where where = resolve(cache);
  if (!where.address.empty())
    return ask(where.address, {.command = "clear", .key = {}, .cache = where.name}) ? 0 : -1;
  if (!where.local) return -1;
  clear(where.local);
  return 0;
}

}  // extern "C"
