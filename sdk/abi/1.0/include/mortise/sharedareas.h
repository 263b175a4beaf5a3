/* Memory areas that all processes share. Provider: plugins/sharedareas, loaded by itself with `sharedarea` or
 * when a plugin needs these symbols. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_sharedarea {
  int id;
  int pages;
  int fd;
  struct uwsgi_lock_item *lock;
  char *area;
  uint64_t max_pos; /* last position */
  uint64_t updates;
  uint64_t hits;
  uint8_t honour_used;
  uint64_t used;
  void *obj; /* a plugin's own */
};

/* [load, master] New area: of that many pages or bytes, from a key=value list as the option has it, from a
 * descriptor, over memory that the caller owns. NULL when there are too many or memory is exhausted. */
UWSGI_API struct uwsgi_sharedarea *uwsgi_sharedarea_init(int pages);
UWSGI_API struct uwsgi_sharedarea *uwsgi_sharedarea_init_keyval(char *keyval);
UWSGI_API struct uwsgi_sharedarea *uwsgi_sharedarea_init_fd(int fd, uint64_t len, off_t offset);
UWSGI_API struct uwsgi_sharedarea *uwsgi_sharedarea_init_ptr(char *area, uint64_t len);
/* [any] NULL where there is no such area or pos is beyond it. */
UWSGI_API struct uwsgi_sharedarea *uwsgi_sharedarea_get_by_id(int id, uint64_t pos);
/* [any] These lock by themselves; -1 where the range is not in the area. read returns the bytes read (len 0:
 * to the end); numbers are in the machine's byte order; inc and dec are atomic. */
UWSGI_API int64_t uwsgi_sharedarea_read(int id, uint64_t pos, char *buf, uint64_t len);
UWSGI_API int uwsgi_sharedarea_write(int id, uint64_t pos, const char *buf, uint64_t len);
UWSGI_API int uwsgi_sharedarea_read8(int id, uint64_t pos, int8_t *value);
UWSGI_API int uwsgi_sharedarea_write8(int id, uint64_t pos, int8_t *value);
UWSGI_API int uwsgi_sharedarea_read16(int id, uint64_t pos, int16_t *value);
UWSGI_API int uwsgi_sharedarea_write16(int id, uint64_t pos, int16_t *value);
UWSGI_API int uwsgi_sharedarea_read32(int id, uint64_t pos, int32_t *value);
UWSGI_API int uwsgi_sharedarea_write32(int id, uint64_t pos, int32_t *value);
UWSGI_API int uwsgi_sharedarea_read64(int id, uint64_t pos, int64_t *value);
UWSGI_API int uwsgi_sharedarea_write64(int id, uint64_t pos, int64_t *value);
UWSGI_API int uwsgi_sharedarea_inc8(int id, uint64_t pos, int8_t amount);
UWSGI_API int uwsgi_sharedarea_inc16(int id, uint64_t pos, int16_t amount);
UWSGI_API int uwsgi_sharedarea_inc32(int id, uint64_t pos, int32_t amount);
UWSGI_API int uwsgi_sharedarea_inc64(int id, uint64_t pos, int64_t amount);
UWSGI_API int uwsgi_sharedarea_dec8(int id, uint64_t pos, int8_t amount);
UWSGI_API int uwsgi_sharedarea_dec16(int id, uint64_t pos, int16_t amount);
UWSGI_API int uwsgi_sharedarea_dec32(int id, uint64_t pos, int32_t amount);
UWSGI_API int uwsgi_sharedarea_dec64(int id, uint64_t pos, int64_t amount);
/* [any] Waits until the area is updated: 0, -1 failed, -2 timed out. freq: milliseconds between two looks (0:
 * 100), timeout in seconds (0: for ever). */
UWSGI_API int uwsgi_sharedarea_wait(int id, int freq, int timeout);
UWSGI_API int uwsgi_sharedarea_update(int id);
UWSGI_API int uwsgi_sharedarea_rlock(int id);
UWSGI_API int uwsgi_sharedarea_wlock(int id);
UWSGI_API int uwsgi_sharedarea_unlock(int id);

#ifdef __cplusplus
}
#endif
