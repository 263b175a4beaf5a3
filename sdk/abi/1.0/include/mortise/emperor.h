/* The emperor: instances that are started from a stream of configurations. Provider: plugins/emperor, loaded
 * by itself. */
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
/* [load] */
UWSGI_API void uwsgi_register_imperial_monitor(const char *name, void (*init)(struct uwsgi_emperor_scanner *),
                                               void (*func)(struct uwsgi_emperor_scanner *));
/* [emperor] config and attrs, malloc'ed, are the emperor's from then on; socket_name is copied. */
UWSGI_API struct uwsgi_instance *emperor_get(const char *name);
UWSGI_API struct uwsgi_instance *emperor_get_by_fd(int fd);
UWSGI_API void emperor_add(struct uwsgi_emperor_scanner *, char *name, time_t born, char *config,
                           uint32_t config_len, uid_t uid, gid_t gid, char *socket_name);
UWSGI_API void emperor_add_with_attrs(struct uwsgi_emperor_scanner *, char *name, time_t born, char *config,
                                      uint32_t config_len, uid_t uid, gid_t gid, char *socket_name,
                                      struct uwsgi_dyn_dict *attrs);
/* [emperor] The vassal is told to end; it is forgotten, and its memory freed, when it has. */
UWSGI_API void emperor_stop(struct uwsgi_instance *);
UWSGI_API void emperor_del(struct uwsgi_instance *);
UWSGI_API void emperor_respawn(struct uwsgi_instance *, time_t mod);
UWSGI_API void uwsgi_emperor_simple_do(struct uwsgi_emperor_scanner *, char *name, char *config, time_t ts,
                                       uid_t uid, gid_t gid, char *socket_name);
UWSGI_API void uwsgi_emperor_simple_do_with_attrs(struct uwsgi_emperor_scanner *, char *name, char *config,
                                                  time_t ts, uid_t uid, gid_t gid, char *socket_name,
                                                  struct uwsgi_dyn_dict *);
UWSGI_API char *vassal_attr_get(struct uwsgi_instance *, const char *attr);
UWSGI_API int vassal_attr_get_multi(struct uwsgi_instance *, const char *attr, int (*func)(char *, void *),
                                    void *data);

/* [any] Waits for a client of the UNIX socket `proxy` and gives it these descriptors (-1: none) with
 * SCM_RIGHTS: "uwsgi-emperor" and their number as an int. For vassals that cannot inherit any. */
UWSGI_API void uwsgi_master_manage_emperor_proxy(int proxy, int emperor, int config, int on_demand);

/* [any] A dictionary as a list; key and value are kept. */
UWSGI_API struct uwsgi_dyn_dict *uwsgi_dyn_dict_new(struct uwsgi_dyn_dict **, char *key, int keylen,
                                                    char *value, int vallen);
UWSGI_API void uwsgi_dyn_dict_del(struct uwsgi_dyn_dict *);
UWSGI_API void uwsgi_opt_add_dyn_dict(char *name, char *value, void *data);

#ifdef __cplusplus
}
#endif
