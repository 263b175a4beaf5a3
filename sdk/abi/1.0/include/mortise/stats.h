/* The server's statistics as JSON, and who they are pushed to. Provider: plugins/stats, loaded by itself with
 * `stats` options or when a plugin needs these symbols. */
#pragma once

#include "mortise/metrics.h"
#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A JSON text that grows. The writers return 0, or -1 when memory is exhausted; strings are escaped; the
 * _comma forms add a comma behind the value. */
struct uwsgi_stats {
  char *base;
  size_t pos;
  size_t tabs;
  size_t chunk;
  size_t size;
  int minified;
  int dirty;
};
/* [any] An empty text that grows by chunk bytes; the caller's to free. NULL: no memory. */
UWSGI_API struct uwsgi_stats *uwsgi_stats_new(size_t chunk);
UWSGI_API void uwsgi_stats_free(struct uwsgi_stats *); /* base as well */
UWSGI_API int uwsgi_stats_comma(struct uwsgi_stats *);
UWSGI_API int uwsgi_stats_object_open(struct uwsgi_stats *);
UWSGI_API int uwsgi_stats_object_close(struct uwsgi_stats *);
UWSGI_API int uwsgi_stats_list_open(struct uwsgi_stats *);
UWSGI_API int uwsgi_stats_list_close(struct uwsgi_stats *);
UWSGI_API int uwsgi_stats_key(struct uwsgi_stats *, const char *key);
UWSGI_API int uwsgi_stats_str(struct uwsgi_stats *, const char *value);
UWSGI_API int uwsgi_stats_keyval(struct uwsgi_stats *, const char *key, const char *value);
UWSGI_API int uwsgi_stats_keyval_comma(struct uwsgi_stats *, const char *key, const char *value);
UWSGI_API int uwsgi_stats_keyvalnum(struct uwsgi_stats *, const char *key, const char *value,
                                    unsigned long long number);
UWSGI_API int uwsgi_stats_keyvalnum_comma(struct uwsgi_stats *, const char *key, const char *value,
                                          unsigned long long number);
UWSGI_API int uwsgi_stats_keyvaln(struct uwsgi_stats *, const char *key, const char *value, int len);
UWSGI_API int uwsgi_stats_keyvaln_comma(struct uwsgi_stats *, const char *key, const char *value, int len);
UWSGI_API int uwsgi_stats_keylong(struct uwsgi_stats *, const char *key, unsigned long long value);
UWSGI_API int uwsgi_stats_keylong_comma(struct uwsgi_stats *, const char *key, unsigned long long value);
UWSGI_API int uwsgi_stats_keyslong(struct uwsgi_stats *, const char *key, long long value);
UWSGI_API int uwsgi_stats_keyslong_comma(struct uwsgi_stats *, const char *key, long long value);
UWSGI_API int uwsgi_stats_long(struct uwsgi_stats *, unsigned long long value);
UWSGI_API int uwsgi_stats_long_comma(struct uwsgi_stats *, unsigned long long value);
/* [any] The whole statistics with uWSGI's keys (uwsgitop and exporters read them); the caller's to free. */
UWSGI_API struct uwsgi_stats *uwsgi_master_generate_stats(void);
/* [any] Writes the head of an HTTP answer with a JSON body to a blocking descriptor: 0, or -1. */
UWSGI_API int uwsgi_send_http_stats(int fd);

struct uwsgi_stats_pusher;

/* One destination of a pusher, from `stats-push = name:arg`. */
struct uwsgi_stats_pusher_instance {
  struct uwsgi_stats_pusher *pusher;
  char *arg;
  void *data;
  int raw; /* the pusher gets no JSON and reads uwsgi.metrics itself */
  int configured;
  int freq; /* seconds between two pushes; 0: stats-push-freq's default, 3 */
  time_t last_run;
  int needs_retry;
  int retries;
  int max_retries;
  int retry_delay;
  time_t next_retry;
  struct uwsgi_stats_pusher_instance *next;
};

/* func is called in the process "pushers", one call at a time; it may block for a while. What it shares with
 * other processes and their threads is shared memory. */
struct uwsgi_stats_pusher {
  char *name;
  void (*func)(struct uwsgi_stats_pusher_instance *, time_t now, char *json, size_t json_len);
  int raw;
  struct uwsgi_stats_pusher *next;
};

/* [load] Returns the pusher for `raw` to be set. */
UWSGI_API struct uwsgi_stats_pusher *uwsgi_register_stats_pusher(
    const char *name,
    void (*func)(struct uwsgi_stats_pusher_instance *, time_t now, char *json, size_t json_len));
/* [load] Adds a destination; arg is kept. */
UWSGI_API struct uwsgi_stats_pusher_instance *uwsgi_stats_pusher_add(struct uwsgi_stats_pusher *, char *arg);

#ifdef __cplusplus
}
#endif
