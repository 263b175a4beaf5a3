/* The emperor (instances that are started from a stream of configurations) and the legion (servers that elect
 * a lord). Providers: plugins/emperor and plugins/legion, loaded by themselves. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where instances come from: `emperor = name:arg`. */
struct uwsgi_emperor_scanner {
  char *arg;
  int fd;
  void *data;
  void (*event_func)(struct uwsgi_emperor_scanner *);
  struct uwsgi_imperial_monitor *monitor;
  struct uwsgi_emperor_scanner *next;
};
struct uwsgi_imperial_monitor {
  char *scheme;
  void (*init)(struct uwsgi_emperor_scanner *);
  void (*func)(struct uwsgi_emperor_scanner *);
  struct uwsgi_imperial_monitor *next;
};
struct uwsgi_dyn_dict {
  char *key;
  int keylen;
  char *value;
  int vallen;
  uint64_t hits;
  int status;
  struct uwsgi_dyn_dict *prev;
  struct uwsgi_dyn_dict *next;
};
/* One vassal. */
struct uwsgi_instance {
  struct uwsgi_instance *ui_prev;
  struct uwsgi_instance *ui_next;
  char name[0xff];
  pid_t pid;
  int status;
  time_t born;
  time_t last_mod;
  time_t last_loyal;
  time_t last_run;
  time_t last_ready;
  time_t last_accepting;
  time_t first_run;
  time_t cursed_at;
  uint64_t respawned;
  int use_config;
  int pipe[2];
  int pipe_config[2];
  char *config;
  uint32_t config_len;
  int loyal;
  int ready;
  int accepting;
  int zerg;
  int on_demand_fd;
  char *socket_name;
  uid_t uid;
  gid_t gid;
  struct uwsgi_emperor_scanner *scanner;
  struct uwsgi_dyn_dict *attrs;
};
#define uwsgi_instance_is_dying (ui->cursed_at > 0)
/* [load] */
UWSGI_API void uwsgi_register_imperial_monitor(const char *name, void (*init)(struct uwsgi_emperor_scanner *),
                                               void (*func)(struct uwsgi_emperor_scanner *));
/* [emperor] */
UWSGI_API struct uwsgi_instance *emperor_get(const char *name);
UWSGI_API struct uwsgi_instance *emperor_get_by_fd(int fd);
UWSGI_API void emperor_add(struct uwsgi_emperor_scanner *, char *name, time_t born, char *config,
                           uint32_t config_len, uid_t uid, gid_t gid, char *socket_name);
UWSGI_API void emperor_add_with_attrs(struct uwsgi_emperor_scanner *, char *name, time_t born, char *config,
                                      uint32_t config_len, uid_t uid, gid_t gid, char *socket_name,
                                      struct uwsgi_dyn_dict *attrs);
UWSGI_API void emperor_stop(struct uwsgi_instance *);
UWSGI_API void emperor_respawn(struct uwsgi_instance *, time_t mod);
UWSGI_API void uwsgi_emperor_simple_do(struct uwsgi_emperor_scanner *, char *name, char *config, time_t ts,
                                       uid_t uid, gid_t gid, char *socket_name);
UWSGI_API void uwsgi_emperor_simple_do_with_attrs(struct uwsgi_emperor_scanner *, char *name, char *config,
                                                  time_t ts, uid_t uid, gid_t gid, char *socket_name,
                                                  struct uwsgi_dyn_dict *);
UWSGI_API char *vassal_attr_get(struct uwsgi_instance *, const char *attr);
UWSGI_API int vassal_attr_get_multi(struct uwsgi_instance *, const char *attr, int (*func)(char *, void *),
                                    void *data);
UWSGI_API void uwsgi_master_manage_emperor_proxy(void);

/* ---- The legion ---- */

struct uwsgi_legion;
struct uwsgi_legion_action {
  char *name;
  int (*func)(struct uwsgi_legion *, char *arg);
  struct uwsgi_legion_action *next;
};
struct uwsgi_legion_node {
  char *name;
  uint16_t name_len;
  uint64_t valor;
  char uuid[37];
  char *scroll;
  uint16_t scroll_len;
  uint64_t checksum;
  uint64_t lord_valor;
  char lord_uuid[36];
  time_t last_seen;
  struct uwsgi_legion_node *prev;
  struct uwsgi_legion_node *next;
};
struct uwsgi_legion {
  char *legion;
  uint16_t legion_len;
  uint64_t valor;
  char *addr;
  char *name;
  uint16_t name_len;
  pid_t pid;
  char uuid[37];
  int socket;
  int quorum;
  int changed;
  int joined;
  uint64_t checksum;
  char *scroll;
  uint16_t scroll_len;
  char *lord_scroll;
  uint16_t lord_scroll_len;
  uint16_t lord_scroll_size;
  char lord_uuid[36];
  uint64_t lord_valor;
  time_t i_am_the_lord;
  time_t unix_check;
  time_t last_warning;
  struct uwsgi_lock_item *lock;
  struct uwsgi_legion_node *nodes_head;
  struct uwsgi_legion_node *nodes_tail;
  struct uwsgi_string_list *nodes;
  struct uwsgi_string_list *lord_hooks;
  struct uwsgi_string_list *unlord_hooks;
  struct uwsgi_string_list *setup_hooks;
  struct uwsgi_string_list *death_hooks;
  struct uwsgi_string_list *join_hooks;
  struct uwsgi_string_list *node_joined_hooks;
  struct uwsgi_string_list *node_left_hooks;
  struct uwsgi_legion *next;
};
/* [load] Makes "name:argument" an action of the legion's hooks. The name is kept, not copied. */
UWSGI_API struct uwsgi_legion_action *uwsgi_legion_action_register(const char *name,
                                                                   int (*func)(struct uwsgi_legion *,
                                                                               char *arg));
UWSGI_API struct uwsgi_legion *uwsgi_legion_get_by_name(const char *name);
UWSGI_API int uwsgi_legion_i_am_the_lord(const char *name);
UWSGI_API char *uwsgi_legion_lord_scroll(const char *name, uint16_t *len);
UWSGI_API char *uwsgi_legion_scrolls(const char *name, uint64_t *len);

/* [any] A dictionary as a list; key and value are kept. */
UWSGI_API struct uwsgi_dyn_dict *uwsgi_dyn_dict_new(struct uwsgi_dyn_dict **, char *key, int keylen,
                                                    char *value, int vallen);
UWSGI_API void uwsgi_dyn_dict_del(struct uwsgi_dyn_dict *);
UWSGI_API void uwsgi_opt_add_dyn_dict(char *name, char *value, void *data);

#ifdef __cplusplus
}
#endif
