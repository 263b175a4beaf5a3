/* Caches in shared memory, with expiry. Provider: plugins/caches, loaded by itself with `cache2` or when a
 * plugin needs these symbols. */
#pragma once

#include "mortise/encoding.h"
#include "mortise/structs.h"

#define UWSGI_CACHE_FLAG_UNGETTABLE 0x0001
#define UWSGI_CACHE_FLAG_UPDATE 0x0002
#define UWSGI_CACHE_FLAG_LOCAL 0x0004
#define UWSGI_CACHE_FLAG_ABSEXPIRE 0x0008
#define UWSGI_CACHE_FLAG_MATH 0x0010
#define UWSGI_CACHE_FLAG_INC 0x0020
#define UWSGI_CACHE_FLAG_DEC 0x0040
#define UWSGI_CACHE_FLAG_MUL 0x0080
#define UWSGI_CACHE_FLAG_DIV 0x0100
#define UWSGI_CACHE_FLAG_FIXEXPIRE 0x0200

#ifdef __cplusplus
extern "C" {
#endif

/* One item; its key follows it in memory, its value is in the cache's blocks. */
struct uwsgi_cache_item {
  uint64_t hash;
  uint64_t first_block;
  uint16_t keysize;
  uint64_t valsize;
  uint64_t expires; /* seconds since 1970; 0: never */
  uint64_t hits;
  uint64_t flags;
  uint64_t prev;
  uint64_t next;
  uint64_t lru_prev;
  uint64_t lru_next;
  char key[1]; /* keysize bytes */
};

struct uwsgi_cache {
  char *name;
  uint16_t name_len;
  uint64_t keysize; /* longest key */
  uint64_t blocks;
  uint64_t blocksize;
  uint64_t max_items;
  uint64_t max_item_size;
  uint64_t n_items;
  uint64_t hits;
  uint64_t miss;
  uint64_t full;
  uint32_t hashsize;
  struct uwsgi_hash_algo *hash;
  uint64_t last_modified_at;
  uint8_t use_last_modified;
  uint8_t use_blocks_bitmap;
  uint8_t purge_lru;
  uint8_t lazy_expire;
  uint8_t ignore_full;
  uint64_t sweep_on_full;
  uint64_t next_scan;
  uint64_t clear_on_full;
  uint64_t no_expire;
  uint64_t filesize;
  char *store;
  uint64_t store_sync;
  char *store_delete;
  int64_t math_initial;
  struct uwsgi_string_list *nodes;
  struct uwsgi_string_list *sync_nodes;
  struct uwsgi_string_list *udp_servers;
  struct uwsgi_lock_item *lock;
  void *items; /* the whole memory of the cache, filesize bytes */
  void *data;  /* the provider's own */
  struct uwsgi_cache *next;
};

/* What a remote cache answers; filled by uwsgi_cache_magic_context_hook() from the request's variables. */
struct uwsgi_cache_magic_context {
  char *cmd;
  uint16_t cmd_len;
  char *key;
  uint16_t key_len;
  uint64_t size;
  uint64_t expires;
  char *status;
  uint16_t status_len;
  char *cache;
  uint16_t cache_len;
};
/* [any] For uwsgi_hooked_parse(): data is a struct uwsgi_cache_magic_context, which points into the packet.
 */
UWSGI_API void uwsgi_cache_magic_context_hook(char *key, uint16_t keylen, char *value, uint16_t vallen,
                                              void *data);

/* [any] By name; NULL or "": the first one. NULL where there is none. */
UWSGI_API struct uwsgi_cache *uwsgi_cache_by_name(const char *name);
UWSGI_API struct uwsgi_cache *uwsgi_cache_by_namelen(const char *name, uint16_t len);
/* [load] From a list of key=value pairs as the `cache2` option has it, or a bare name. */
UWSGI_API struct uwsgi_cache *uwsgi_cache_create(char *arg);

/* [any] `cache` is a name, "name@host:port" for that of another server, or NULL for the first one. The
 * functions lock by themselves. get: malloc'ed copy (the caller's), NULL where there is none; expires (may be
 * NULL): when, in seconds since 1970. The others return 0, or -1. expires of set: seconds from now, 0: never.
 */
UWSGI_API char *uwsgi_cache_magic_get(const char *key, uint16_t keylen, uint64_t *vallen, uint64_t *expires,
                                      const char *cache);
UWSGI_API int uwsgi_cache_magic_set(const char *key, uint16_t keylen, const char *value, uint64_t vallen,
                                    uint64_t expires, uint64_t flags, const char *cache);
UWSGI_API int uwsgi_cache_magic_del(const char *key, uint16_t keylen, const char *cache);
UWSGI_API int uwsgi_cache_magic_exists(const char *key, uint16_t keylen,
                                       const char *cache); /* 1: there, 0: not */
UWSGI_API int uwsgi_cache_magic_clear(const char *cache);

/* [any] Same on a cache of this server; the caller holds its lock (uwsgi_rlock/uwsgi_wlock of cache->lock).
 * get's pointer is into the cache. */
UWSGI_API char *uwsgi_cache_get2(struct uwsgi_cache *, const char *key, uint16_t keylen, uint64_t *vallen);
UWSGI_API char *uwsgi_cache_get3(struct uwsgi_cache *, const char *key, uint16_t keylen, uint64_t *vallen,
                                 uint64_t *expires);
UWSGI_API char *uwsgi_cache_get4(struct uwsgi_cache *, const char *key, uint16_t keylen, uint64_t *vallen,
                                 uint64_t *hits);
UWSGI_API int uwsgi_cache_set2(struct uwsgi_cache *, const char *key, uint16_t keylen, const char *value,
                               uint64_t vallen, uint64_t expires, uint64_t flags);
UWSGI_API int uwsgi_cache_del2(struct uwsgi_cache *, const char *key, uint16_t keylen, uint64_t index,
                               uint16_t flags);
UWSGI_API uint32_t uwsgi_cache_exists2(struct uwsgi_cache *, const char *key, uint16_t keylen);
UWSGI_API int64_t uwsgi_cache_num2(struct uwsgi_cache *, const char *key, uint16_t keylen);
/* [any] Walks over the items: *pos starts at 0, *item at NULL; NULL at the end. */
UWSGI_API struct uwsgi_cache_item *uwsgi_cache_keys(struct uwsgi_cache *, uint64_t *pos,
                                                    struct uwsgi_cache_item **item);
UWSGI_API struct uwsgi_cache_item *uwsgi_cache_item_at(struct uwsgi_cache *, uint64_t index);
#define cache_item(index) uwsgi_cache_item_at(uc, index)
/* [master] Fills a cache from its nodes. */
UWSGI_API void uwsgi_cache_sync_from_nodes(struct uwsgi_cache *);

#ifdef __cplusplus
}
#endif
