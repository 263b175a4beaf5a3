/* Counters and gauges of the server and of plugins. Provider: plugins/metrics, loaded by itself with `metric`
 * options or when a plugin needs these symbols. */
#pragma once

#include "mortise/structs.h"

#define UWSGI_METRIC_COUNTER 0
#define UWSGI_METRIC_GAUGE 1
#define UWSGI_METRIC_ABSOLUTE 2
#define UWSGI_METRIC_ALIAS 3

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_metric;

struct uwsgi_metric_collector {
  const char *name;
  int64_t (*func)(struct uwsgi_metric *);
  struct uwsgi_metric_collector *next;
};

struct uwsgi_metric_threshold {
  int64_t value;
  uint8_t reset;
  int64_t reset_value;
  int32_t rate;
  char *alarm;
  char *msg;
  size_t msg_len;
  time_t last_alarm;
  struct uwsgi_metric_threshold *next;
};

struct uwsgi_metric_child {
  struct uwsgi_metric *um;
  struct uwsgi_metric_child *next;
};

/* One metric. Values are in shared memory. The functions below read and change them in one atomic step; who
 * walks over the list and resets values holds uwsgi.metrics_lock. */
struct uwsgi_metric {
  char *name;
  size_t name_len;
  char *oid;
  size_t oid_len;
  int type; /* UWSGI_METRIC_… */
  struct uwsgi_metric_collector *collector;
  int64_t *value;
  int64_t initial_value;
  int64_t *ptr; /* what the collector "ptr" reads */
  char *arg1;
  char *arg2;
  char *arg3;
  int64_t arg1n;
  int64_t arg2n;
  int64_t arg3n;
  uint32_t freq; /* seconds between two collections */
  time_t last_update;
  uint8_t reset_after_push;
  struct uwsgi_metric_child *children;
  struct uwsgi_metric_threshold *thresholds;
  char *map;
  void *custom;
  struct uwsgi_metric *next;
};

/* [load] Adds a metric, or returns the one of that name: name "worker.1.requests", oid "3.1.1" or NULL, how
 * it is collected ("ptr", "file", "sum", "avg", "accumulator", "adder", "multiplier", "func" or NULL: set by
 * hand). */
UWSGI_API struct uwsgi_metric *uwsgi_register_metric(const char *name, const char *oid, uint8_t type,
                                                     const char *collector, void *ptr, uint32_t freq,
                                                     void *custom);
/* [load] From a list of key=value pairs, as the `metric` option has it; ends the server where it is wrong. */
UWSGI_API struct uwsgi_metric *uwsgi_register_keyval_metric(char *keyval);
UWSGI_API struct uwsgi_metric_collector *uwsgi_register_metric_collector(
    const char *name, int64_t (*func)(struct uwsgi_metric *));
/* [load] Adds to what the collectors sum, avg, accumulator, adder and multiplier of the parent look at. NULL
 * where one of them is NULL. */
UWSGI_API struct uwsgi_metric_child *uwsgi_metric_add_child(struct uwsgi_metric *parent,
                                                            struct uwsgi_metric *child);
/* [any] By name, or by oid where name is NULL. The setters return 0, or -1 when there is no such metric;
 * the getters 0 then. */
UWSGI_API struct uwsgi_metric *uwsgi_metric_find_by_name(const char *name);
UWSGI_API struct uwsgi_metric *uwsgi_metric_find_by_namen(const char *name, size_t len);
UWSGI_API struct uwsgi_metric *uwsgi_metric_find_by_oid(const char *oid);
UWSGI_API struct uwsgi_metric *uwsgi_metric_find_by_oidn(const char *oid, size_t len);
UWSGI_API int64_t uwsgi_metric_get(char *name, char *oid);
UWSGI_API int64_t uwsgi_metric_getn(char *name, size_t name_len, char *oid, size_t oid_len);
UWSGI_API int uwsgi_metric_set(char *name, char *oid, int64_t value);
UWSGI_API int uwsgi_metric_inc(char *name, char *oid, int64_t value);
UWSGI_API int uwsgi_metric_dec(char *name, char *oid, int64_t value);
UWSGI_API int uwsgi_metric_mul(char *name, char *oid, int64_t value);
UWSGI_API int uwsgi_metric_div(char *name, char *oid, int64_t value);
UWSGI_API int uwsgi_metric_set_max(char *name, char *oid, int64_t value); /* the larger of both */
UWSGI_API int uwsgi_metric_set_min(char *name, char *oid, int64_t value);

/* [any] Looks how many connections wait in the backlog of each listening socket: uwsgi.sockets' queue and
 * max_queue of this process, uwsgi.shared->backlog and load (the longest of the queues). Does not block. */
UWSGI_API void uwsgi_sample_listen_queues(void);
/* [any] Sums the requests of the workers into uwsgi.workers[0], and reads their rss_size and vsz_size where
 * memory-report or uwsgi.force_get_memusage asks for these. Does not block. */
UWSGI_API void uwsgi_sample_workers(void);

#ifdef __cplusplus
}
#endif
