/* Servers that elect one among them, the lord of their legion. Provider: plugins/legion, loaded by itself. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Another member, as its last packet tells. */
struct uwsgi_legion_node {
  char *name; /* where its packets come from; not NUL-terminated */
  uint16_t name_len;
  uint64_t valor;
  char uuid[37];
  char *scroll; /* what it was configured to tell the others */
  uint16_t scroll_len;
  uint64_t checksum; /* of the members that it knows */
  uint64_t lord_valor;
  char lord_uuid[37];
  time_t last_seen;
  struct uwsgi_legion_node *prev;
  struct uwsgi_legion_node *next;
};

/* A legion that this server belongs to. Its members are of the process that runs the actions, and change
 * under `lock`; what all processes may ask is in the functions below. */
struct uwsgi_legion {
  char *legion; /* its name */
  uint16_t legion_len;
  uint64_t valor;
  char *addr;
  char uuid[37];
  pid_t pid;
  int socket;
  int quorum;
  int joined;
  uint64_t checksum;
  char *scroll;
  uint16_t scroll_len;
  time_t i_am_the_lord; /* since when; 0: somebody else is, or nobody */
  uint64_t lord_valor;
  char lord_uuid[37];
  struct uwsgi_lock_item *lock;
  struct uwsgi_legion_node *nodes_head;
  struct uwsgi_legion_node *nodes_tail;
  struct uwsgi_string_list *lord_hooks;
  struct uwsgi_string_list *unlord_hooks;
  struct uwsgi_string_list *setup_hooks;
  struct uwsgi_string_list *death_hooks;
  struct uwsgi_string_list *join_hooks;
  struct uwsgi_string_list *node_joined_hooks;
  struct uwsgi_string_list *node_left_hooks;
  struct uwsgi_legion *next;
};

/* What options such as `legion-lord = NAME action:argument` run. */
struct uwsgi_legion_action {
  char *name;
  int (*func)(struct uwsgi_legion *, char *argument);
  char *log_msg; /* logged before func is called; NULL: nothing */
  struct uwsgi_legion_action *next;
};
/* [load] Makes an action known. func is called in the process of the legions: 0, or not: it failed. */
UWSGI_API struct uwsgi_legion_action *uwsgi_legion_action_register(const char *name,
                                                                   int (*func)(struct uwsgi_legion *,
                                                                               char *));
UWSGI_API struct uwsgi_legion_action *uwsgi_legion_action_get(const char *name);
/* [any] 1 while this server is the lord of that legion. */
UWSGI_API int uwsgi_legion_i_am_the_lord(const char *legion);
/* [any] The scroll of the lord; of all members, this one's first, each behind its length in 16 bits, little
 * endian. malloc'ed; NULL: there is none. */
UWSGI_API char *uwsgi_legion_lord_scroll(const char *legion, uint16_t *len);
UWSGI_API char *uwsgi_legion_scrolls(const char *legion, uint64_t *len);

#ifdef __cplusplus
}
#endif
