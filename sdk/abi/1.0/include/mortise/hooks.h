/* Actions that the configuration runs in phases of the server's life, what is done with exceptions, daemons
 * and cron commands. Provider: plugins/hooks (actions), plugins/daemons (daemons, cron), loaded by
 * themselves. */
#pragma once

#include "mortise/plugin_table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `hook-PHASE = name:args` */
struct uwsgi_hook {
  char *name;
  int (*func)(char *args);
  struct uwsgi_hook *next;
};
/* [load] Makes an action known. func is called in the process and phase that the option names; 0, or -1: a
 * phase before the start of the workers ends the server then. */
UWSGI_API void uwsgi_register_hook(const char *name, int (*func)(char *args));
UWSGI_API struct uwsgi_hook *uwsgi_hook_by_name(const char *name);
/* [any] Runs the actions of a list one after the other; ends the process where one fails and fatal is 1. */
UWSGI_API void uwsgi_hooks_run(struct uwsgi_string_list *actions, const char *phase, int fatal);
/* [any] Runs what the configuration has for a phase: "as-mule" for `hook-as-mule`. For plugins whose
 * processes have phases of their own. 0, or -1: there is no such phase. */
UWSGI_API int uwsgi_hooks_run_phase(const char *name);

/* `exception-handler = name:arg`. func is called in the worker with the exception packed as pairs: class,
 * msg, repr, backtrace (a packed array), unix, wid, core, pid, node and vars. */
struct uwsgi_exception_handler_instance {
  struct uwsgi_exception_handler *handler;
  char *arg;
  int configured;
  void *custom_ptr; /* the handler's own, as custom32, custom64 and data */
  void *data;
  uint64_t custom64;
  struct uwsgi_exception_handler_instance *next;
  uint32_t custom32;
};
struct uwsgi_exception_handler {
  char *name;
  int (*func)(struct uwsgi_exception_handler_instance *, char *packed, size_t len);
  struct uwsgi_exception_handler *next;
};
UWSGI_API struct uwsgi_exception_handler *uwsgi_register_exception_handler(
    const char *name, int (*func)(struct uwsgi_exception_handler_instance *, char *, size_t)); /* [load] */
/* [request] Tells the handlers of an exception that the hooks of the request's plugin describe. */
UWSGI_API void uwsgi_manage_exception(struct wsgi_request *, int catch_it);

/* A program that the server runs beside itself (`attach-daemon` and its relatives). */
struct uwsgi_daemon {
  char *command;
  pid_t pid;
  uint64_t respawns;
  time_t born;
  time_t last_spawn;
  int status;
  int registered;
  int has_daemonized;
  char *pidfile;
  int freq;
  int control;
  int stop_signal;
  int reload_signal;
  uid_t uid;
  gid_t gid;
  int honour_stdin;
  int ns_pid;
  struct uwsgi_string_list *touch;
  struct uwsgi_daemon *next;
};

/* A command or function that runs by the clock (`cron`). Negative fields as in timers.h. */
struct uwsgi_cron {
  int minute;
  int hour;
  int day;
  int month;
  int week;
  time_t last_job;
  uint8_t sig;
  char *command;
  void (*func)(struct uwsgi_cron *, time_t now);
  time_t started_at;
  uint64_t harakiri;
  uint64_t mercy;
  uint8_t unique;
  pid_t pid;
  char *legion;
  struct uwsgi_cron *next;
};
/* [load] From "minute hour day month weekday command"; the master's process of daemons runs it, or calls func
 * where it is set. */
UWSGI_API struct uwsgi_cron *uwsgi_cron_add(char *crontab);

/* [any] Runs `command` with one argument, or `arg` through the shell where command is NULL: its exit status,
 * -1 where it could not be started or was killed.
 */
UWSGI_API int uwsgi_run_command_and_wait(char *command, char *arg);
/* [any] Starts a command through the shell; stdin_fd: NULL or a descriptor to read from, stdout_fd: -1 or one
 * to write to. Its pid, -1. */
UWSGI_API pid_t uwsgi_run_command(char *command, int *stdin_fd, int stdout_fd);

#ifdef __cplusplus
}
#endif
