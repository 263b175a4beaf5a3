/* The hook table: what a plugin is. All members are optional but `name`.
 *
 * A plugin with `request` is a request plugin and sits in uwsgi.p[modifier1]; the others are in uwsgi.gp[].
 * The server uses the plugin's own object in place and never writes to it, but for `modifier1` where `N:name`
 * on the command line says so. docs/plugins.md tells when each hook is called. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_plugin {
  const char *name;
  const char *alias;
  uint8_t modifier1;
  void *data;
  void (*on_load)(void);
  int (*init)(void);
  void (*post_init)(void);
  void (*post_fork)(void);
  struct uwsgi_option *options;
  void (*enable_threads)(void);
  void (*init_thread)(int core);
  int (*request)(struct wsgi_request *);
  void (*after_request)(struct wsgi_request *);
  void (*preinit_apps)(void);
  void (*init_apps)(void);
  void (*postinit_apps)(void);
  void (*fixup)(void);
  void (*master_fixup)(int step);
  void (*master_cycle)(void);
  int (*mount_app)(char *mountpoint, char *app);
  int (*manage_udp)(char *address, int port, char *data, int len);
  void (*suspend)(struct wsgi_request *);
  void (*resume)(struct wsgi_request *);
  void (*harakiri)(int wid);
  void (*hijack_worker)(void);
  void (*spooler_init)(void);
  void (*atexit)(void);
  int (*magic)(char *, char *);
  void *(*encode_string)(char *);
  char *(*decode_string)(void *);
  int (*signal_handler)(uint8_t signum, void *handler);
  char *(*code_string)(char *id, char *code, char *function, char *key, uint16_t keylen);
  int (*spooler)(char *file, char *buf, uint16_t len, char *body, size_t body_len);
  uint64_t (*rpc)(void *func, uint8_t argc, char **argv, uint16_t argvs[], char **buffer);
  void (*jail)(int (*main)(void *), char **argv);
  void (*post_jail)(void);
  void (*before_privileges_drop)(void);
  int (*mule)(char *);
  int (*mule_msg)(char *message, size_t len);
  void (*master_cleanup)(void);
  struct uwsgi_buffer *(*backtrace)(struct wsgi_request *);
  struct uwsgi_buffer *(*exception_class)(struct wsgi_request *);
  struct uwsgi_buffer *(*exception_msg)(struct wsgi_request *);
  struct uwsgi_buffer *(*exception_repr)(struct wsgi_request *);
  void (*exception_log)(struct wsgi_request *);
  void (*vassal)(struct uwsgi_instance *);
  void (*vassal_before_exec)(struct uwsgi_instance *, char **argv);
  int (*worker)(void);
  void (*early_post_jail)(void);
  void (*pre_uwsgi_fork)(void);
  void (*post_uwsgi_fork)(int step);
};

#ifdef __cplusplus
}
#endif
