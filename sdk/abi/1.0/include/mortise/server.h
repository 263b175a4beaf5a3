/* The server's state that plugins read and, where noted, set. There is one object, `uwsgi`. */
#pragma once

#include "mortise/plugin_table.h"
#include "mortise/request.h"
#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_server {
  /* Who and where. */
  char hostname[256];
  int hostname_len;
  char *binary_path;
  char *cwd;
  char *pidfile;
  char *logfile;
  char *procname;
  char *procname_master;
  int argc;
  char **argv;
  char **environ;
  int page_size;
  int cpus;
  int max_fd;
  pid_t mypid;
  int mywid; /* 0 in the master and in processes that are no workers, else 1..numproc */
  int muleid;
  int i_am_a_spooler;
  uint64_t start_tv_us;
  char *empty; /* "" */

  /* What was configured. */
  struct uwsgi_option *options;
  struct uwsgi_opt **exported_opts;
  int exported_opts_cnt;
  int master_process;
  int numproc;
  int cores;
  int threads;
  int async;
  int has_threads;
  int lazy;
  int lazy_apps;
  int need_app;
  int single_interpreter;
  int catch_exceptions;
  int listen_queue;
  int socket_timeout; /* seconds */
  int vacuum;
  int abstract_socket;
  int chmod_socket; /* 1: chmod_socket_value is to be applied */
  char *chown_socket;
  int chmod_socket_value;
  int no_defer_accept;
  int honour_stdin;
  int honour_range;
  int build_mime_dict;
  int ignore_script_name;
  int manage_script_name;
  int write_errors_tolerance;
  int write_errors_exception_only;
  int disable_write_exception;
  int ignore_write_errors;
  int post_buffering;
  int post_buffering_bufsize;
  int buffer_size;
  int max_vars;
  int log_master_bufsize;
  int stats_http;
  int ssl_initialized;
  int ssl_verbose;
  int skip_atexit_teardown;
  int worker_reload_mercy; /* seconds */
  int reload_mercy;
  int quiet;
  struct {
    int enabled; /* 0: disable-logging */
    int memory_report;
    int zero;
    uint32_t slow; /* milliseconds; 0: off */
    int _4xx;
    int _5xx;
    uint64_t big; /* bytes */
    int sendfile;
    int ioerror;
  } logging_options;
  int force_get_memusage; /* rss_size and vsz_size of workers are kept up to date */
  int shutdown_sockets;
  char *loop;
  char *protocol;
  char *file_config;
  char **magic_table; /* 256 entries: what %x expands to in configuration */
  uid_t uid;
  gid_t gid;
  char *chdir;
  char *requested_cheaper_algo;
  char *requested_logger;
  int original_log_fd; /* the descriptor that log lines went to before a logger took over */
  int log_master;
  int req_log_master;
  int offload_threads;
  int restore_tc;
#ifndef __cplusplus
  struct termios termios;
#else
  ::termios termios;
#endif
  uint64_t limit_post;
  int reload_on_as;
  int max_requests;
  int gateways_harakiri;
  int use_http_sockets_only;

  /* Loaded plugins: request plugins by modifier1 (never NULL: unused slots hold a plugin that answers
   * "no such modifier"), the others in order of loading. */
  struct uwsgi_plugin *p[256];
  struct uwsgi_plugin *gp[256];
  int gp_cnt;

  /* Processes. */
  struct uwsgi_worker *workers;
  struct uwsgi_shared *shared;
  struct uwsgi_gateway *gateways;
  struct uwsgi_gateway_socket *gateway_sockets;
  int gateways_cnt;
  int mules_cnt;
  int farms_cnt;
  size_t mule_msg_recv_size;
  int cheaper;
  int cheaper_count;
  int cheaper_step;
  int cheaper_initial;
  uint64_t cheaper_overload;
  int master_queue;     /* the master's event queue */
  int signal_socket;    /* [worker] any of them reads from here */
  int my_signal_socket; /* [worker] for this one alone */

  /* Applications. */
  int max_apps;
  int default_app;
  int no_default_app;

  /* Sockets. */
  struct uwsgi_socket *sockets;
  struct uwsgi_socket *shared_sockets;

  /* How a hook waits for a descriptor: 1 ready, 0 timed out (seconds), -1 error. A loop plugin may replace
   * them. */
  int (*wait_read_hook)(int fd, int timeout);
  int (*wait_write_hook)(int fd, int timeout);
  int (*wait_read2_hook)(int fd0, int fd1, int timeout, int *fd);
  int (*wait_milliseconds_hook)(int timeout_ms);
  struct wsgi_request *(*current_wsgi_req)(void);
  /* What the server calls in a request where a provider has set it; NULL costs a load and a branch.
   * route: before the request hook, UWSGI_ROUTE_BREAK: the request has been answered.
   * response_route: before the response head is sent; final_route: after the response.
   * transform: with the body instead of sending it (set on a request by its `transformations`);
   * transform_final: after the request hook; logit: writes the request's log line. */
  int (*route)(struct wsgi_request *);
  int (*error_route)(struct wsgi_request *);
  int (*response_route)(struct wsgi_request *);
  void (*final_route)(struct wsgi_request *);
  int (*transform)(struct wsgi_request *, char *buf, size_t len);
  int (*transform_final)(struct wsgi_request *);
  void (*logit)(struct wsgi_request *);
  /* Called with the packed description of an exception by uwsgi_manage_exception(). */
  void (*exception_hook)(struct wsgi_request *);
  struct wsgi_request *wsgi_req;
  /* How a worker says goodbye. Set by a loop engine: called in a thread of its own when the worker is to
   * stop. Set by others: called when its requests are done; it may end the process. */
  void (*gbcw_hook)(void);
  /* Set by engines: loops.h. schedule_fix: has the loop continue this request at its next turn. */
  void (*schedule_to_main)(struct wsgi_request *);
  void (*schedule_to_req)(void);
  void (*schedule_fix)(struct wsgi_request *);
  struct wsgi_request **async_proto_fd_table;   /* by descriptor; NULL unless the engine uses it */
  struct wsgi_request **async_waiting_fd_table; /* same */
  struct wsgi_request **async_queue_unused;
  int async_queue_unused_ptr;

  /* Locks. */
  struct uwsgi_lock_item **user_locks; /* `locks` + 1 of them */
  struct uwsgi_lock_item **user_lock;  /* the same; uWSGI's name */
  struct uwsgi_lock_item *registered_locks;
  int locks;
  struct uwsgi_lock_item *metrics_lock;
  struct uwsgi_lock_item *rpc_table_lock;
  struct uwsgi_lock_item *queue_lock;

  /* Owned by provider plugins; NULL until one is loaded. */
  struct uwsgi_metric *metrics;
  uint64_t metrics_cnt;
  int has_metrics;
  struct uwsgi_cache *caches;
  struct uwsgi_alarm *alarms;
  struct uwsgi_thread *alarm_thread; /* not NULL once alarms can be raised; nothing in it is of use */
  int alarm_cheap;
  int enable_proxy_protocol;
  uint16_t vec_size; /* entries of wsgi_request.hvec */
  struct uwsgi_daemon *daemons;
  struct uwsgi_mule *mules;
  struct uwsgi_spooler *spoolers;
  struct uwsgi_farm *farms;
  struct uwsgi_queue_header *queue_header;
  uint64_t queue_size;
  struct uwsgi_rpc **rpc_table; /* [worker] its functions */
  struct uwsgi_sharedarea **sharedareas;
  int sharedareas_cnt;
  struct uwsgi_route *routes;
  struct uwsgi_route *error_routes;
  struct uwsgi_route *response_routes;
  struct uwsgi_route *final_routes;
  struct uwsgi_stats_pusher *stats_pushers;
  struct uwsgi_stats_pusher_instance *stats_pusher_instances;
  struct uwsgi_logger *loggers;
  struct uwsgi_thread **offload_thread; /* [worker] `offload-threads` of them */
  struct uwsgi_signal_entry *signal_table;
  struct uwsgi_lock_item *signal_table_lock;
  struct uwsgi_legion *legions;
  struct uwsgi_instance *vassals;
  char *stats;
  int rpc_max;
  struct uwsgi_harakiri_options_table {
    int workers; /* seconds */
    int spoolers;
    int mules;
  } harakiri_options;

  /* The emperor. */
  int emperor_queue;
  int emperor_freq;
  int emperor_tyrant;
  int emperor_force_config_pipe;
  struct uwsgi_string_list *emperor_collect_attributes;
  struct uwsgi_string_list *subscription_mountpoints;
  int subscription_dotsplit;
  char *subscriptions_sign_check_dir;
  int subscription_tolerance;
  struct uwsgi_string_list *subscriptions_use_credentials;
  int subscriptions_credentials_check_dir;
  char *emperor_pipe;
  pid_t emperor_pid;
  int has_emperor;
  char *zerg_pool;
  char *zerg_server;

  struct uwsgi_instance_status status; /* [master] */
#ifndef __cplusplus
  struct timeval start_tv; /* when the server was started */
#else
  ::timeval start_tv;
#endif
  int is_a_reload;         /* this process was reloaded, or is the trial of a reload */
  int skip_atexit;         /* atexit hooks are not called */
  int command_mode;        /* a program is run instead of a server; never here */
  uint64_t http_modifier1; /* http-socket-modifier1 */
  uint64_t http_modifier2;
};

/* [master] Is the server about to end, or to be replaced by its next generation? */
#define uwsgi_instance_is_dying (uwsgi.status.gracefully_destroying || uwsgi.status.brutally_destroying)
#define uwsgi_instance_is_reloading (uwsgi.status.gracefully_reloading || uwsgi.status.brutally_reloading)

/* The one and only. */
extern struct uwsgi_server uwsgi __attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif
