/* Small structures of the plugin ABI: strings, buffers, options, locks, sockets, apps, workers. */
#pragma once

/* What is published by name; the rest of a plugin that is built with -fvisibility=hidden stays its own. */
#define UWSGI_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

struct wsgi_request;
struct uwsgi_instance;

/* One item of a list that an option collects; `value` is NUL-terminated, items live as long as the process.
 */
struct uwsgi_string_list {
  char *value;
  size_t len;
  uint64_t custom;
  uint64_t custom2;
  void *custom_ptr;
  struct uwsgi_string_list *next;
};

/* A growing byte buffer: `pos` bytes of `len` allocated ones are used; `limit` caps the growth (0: none). */
struct uwsgi_buffer {
  char *buf;
  size_t pos;
  size_t len;
  size_t limit;
};

/* One command line or configuration option. A table of these ends with UWSGI_END_OF_OPTIONS. */
struct uwsgi_option {
  const char *name;
  int type; /* no_argument, required_argument or optional_argument of getopt.h */
  int shortcut;
  const char *help;
  void (*func)(char *name, char *value, void *data);
  void *data;
  uint64_t flags;
};
#define UWSGI_END_OF_OPTIONS {NULL, 0, 0, NULL, NULL, NULL, 0},

/* One option as it was given; uwsgi.exported_opts is an array of pointers to these. */
struct uwsgi_opt {
  char *key;
  char *value; /* NULL where the option was given without a value */
  int configured;
};

/* Locks that work between processes and threads; they live in shared memory. */
struct uwsgi_lock_item {
  char *id;
  void *lock_ptr;
  int rw;
  pid_t pid; /* holder, 0 if free */
  int can_deadlock;
  struct uwsgi_lock_item *next;
};

/* Head of a packet of the uwsgi protocol; the size is little endian on the wire. */
struct uwsgi_header {
  uint8_t modifier1;
  __extension__ union {
    uint16_t pktsize;
    uint16_t _pktsize;
  };
  uint8_t modifier2;
} __attribute__((packed));

union uwsgi_sockaddr {
  struct sockaddr sa;
  struct sockaddr_in sa_in;
  struct sockaddr_in6 sa_in6;
  struct sockaddr_un sa_un;
};

/* A listening socket and the protocol that is spoken on it. The function pointers are set by the protocol
 * (uwsgi_register_protocol); each is called on a core of a worker, for the request of that core. */
struct uwsgi_socket {
  int fd;
  char *name; /* NUL-terminated address as given, or as bound where the port was 0 */
  int name_len;
  int family;
  int bound;
  uint64_t queue;     /* connections waiting in the backlog, sampled by the master */
  uint64_t max_queue; /* size of the backlog */
  int no_defer;
  int edge_trigger;
  int can_offload;
  int shared;         /* given by shared-socket: mapped to a protocol socket later */
  int internal;       /* a private address: only processes of this server connect */
  int header_timeout; /* seconds that a client may take to send a head; 0: for ever */
  int idle_timeout;   /* seconds that a connection may stay open between requests; 0: for ever */
  char *proto_name;
  void *ctx; /* the protocol's own */

  /* Parses proto_parser_pos bytes at proto_parser_buf. UWSGI_OK: a whole head was read, the request's members
   * and hvec are set and proto_parser_move is the number of bytes used. UWSGI_AGAIN: needs more. -1: refused;
   * `status` is then the answer's (0: none can be given) and `refusal` the cause. */
  int (*proto)(struct wsgi_request *);
  /* Reads at most len bytes of body. 0: end; -1: errno, EAGAIN when it would block. NULL: bytes as they come.
   */
  ssize_t (*proto_read_body)(struct wsgi_request *, char *buf, size_t len);
  /* Completes the response head before it is sent (framing, Connection). NULL: nothing to add. */
  int (*proto_fix_headers)(struct wsgi_request *);
  /* Writes the line that begins the response head. NULL: "HTTP/1.1 status". */
  struct uwsgi_buffer *(*proto_prepare_headers)(struct wsgi_request *, char *status, uint16_t len);
  /* Frames the next len bytes of body: writes what precedes and follows them, at most UWSGI_FRAME_MAX bytes
   * each. len 0: end of the body. NULL: the body is sent as it is. */
  int (*proto_frame)(struct wsgi_request *, size_t len, char *before, size_t *before_len, char *after,
                     size_t *after_len);
  /* After the response: UWSGI_OK keeps the connection for another request, -1 closes it. NULL: closes. */
  int (*proto_finish)(struct wsgi_request *);
  struct uwsgi_socket *next;
  size_t frame_max; /* most bytes that proto_frame frames at a time; 0: any number */
  int *retry;       /* by core: accepting is to be tried again; NULL: never */
};
#define UWSGI_FRAME_MAX 32

/* One loaded application of a worker; uwsgi_add_app() returns it for the plugin to fill. */
struct uwsgi_app {
  uint8_t modifier1;
  char mountpoint[0xff];
  uint8_t mountpoint_len;
  void *interpreter;
  void *callable;
  void **args;
  void **environ;
  void *sendfile;
  void *input;
  void *error;
  void *responder0;
  void *responder1;
  void *responder2;
  time_t started_at;
  time_t startup_time; /* seconds that loading took */
  uint64_t requests;
  uint64_t exceptions;
  char chdir[0xff];
  char touch_reload[0xff];
  void *stream;
  void *eventfd_read;
  void *eventfd_write;
  void *(*request_subhandler)(struct wsgi_request *, struct uwsgi_app *);
  int (*response_subhandler)(struct wsgi_request *);
  int argc;
  void *gateway_version;
  void *uwsgi_version;
  void *uwsgi_node;
};

struct uwsgi_core;

/* State of one worker, in shared memory; uwsgi.workers[1..numproc], slot 0 is the master's. */
struct uwsgi_worker {
  int id;
  pid_t pid;
  int accepting;
  int cheaped;
  int suspended;
  int sig;
  uint8_t signum;
  int hijacked;
  int manage_next_request;
  int ready;
  uint64_t hijacked_count;
  uint64_t requests;
  uint64_t delta_requests;
  uint64_t failed_requests;
  uint64_t exceptions;
  uint64_t tx;                /* bytes of responses */
  uint64_t running_time;      /* microseconds spent in requests */
  uint64_t avg_response_time; /* microseconds */
  uint64_t rss_size;          /* bytes */
  uint64_t vsz_size;
  uint64_t respawn_count;
  uint64_t harakiri_count;
  uint64_t signals;
  time_t last_spawn;
  time_t harakiri;      /* when the current request is overdue, in seconds since 1970; 0: never */
  time_t user_harakiri; /* same, by set_user_harakiri() */
  int signal_pipe[2];
  struct uwsgi_core *cores;
  struct uwsgi_app *apps;
  int apps_cnt;
  char name[0xff];
};

/* A thread with a pipe to its creator; see uwsgi_thread_new(). */
struct uwsgi_thread {
  pthread_t tid;
  pthread_attr_t tattr;
  int pipe[2]; /* a socket pair: [0] the creator's end, [1] the thread's */
  int queue;   /* an event queue that already watches pipe[1] */
  ssize_t rlen;
  void *data;
  char *buf;
  off_t pos;
  size_t len;
  uint64_t custom0, custom1, custom2, custom3;
  void (*func)(struct uwsgi_thread *);
};

/* An alternative to the worker's request loop, chosen by --loop NAME. */
struct uwsgi_loop {
  const char *name;
  void (*loop)(void);
  struct uwsgi_loop *next;
};

/* A process that fronts the workers (HTTP gateway and the like); see register_gateway(). */
struct uwsgi_gateway {
  char *name;
  char *fullname;
  void (*loop)(int id, void *data);
  pid_t pid;
  int num;
  void *data;
  uint64_t respawns;
  int use_signals;
  int internal_subscription_pipe[2];
  uid_t uid;
  gid_t gid;
};
#define UWSGI_MAX_GATEWAYS 64

/* A role of supervised processes that a plugin adds to the master (gateway, mule, spooler, …). */
struct uwsgi_process_role {
  const char *name; /* shown in the log and as process name; lives for ever */
  int instances;
  void (*body)(int id, void *data); /* id 1..instances; runs in the child, returning ends it with status 0 */
  void *data;
  int stop_first; /* 1: is stopped, and has drained, before the workers are told to stop */
  int required;   /* 1: the server serves when it is ready, too; one that ends before ends the start */
};

/* What happens to the server as a whole: 1 while it does. Its master knows. */
struct uwsgi_instance_status {
  int gracefully_reloading;
  int brutally_reloading; /* never: a reload waits for requests */
  int gracefully_destroying;
  int brutally_destroying; /* told to stop twice: requests are not waited for */
};

/* State that all processes share. */
struct uwsgi_shared {
  int worker_signal_pipe[2];
  int mule_signal_pipe[2];
  int mule_queue_pipe[2];
  int spooler_signal_pipe[2];
  struct uwsgi_gateway gateways[UWSGI_MAX_GATEWAYS];
  int gateways_cnt;
  time_t gateways_harakiri[UWSGI_MAX_GATEWAYS]; /* when a busy gateway is overdue, in seconds since 1970; 0:
                                                   never */
  uint64_t load;
  uint64_t backlog;
  uint64_t backlog_errors;
  uint64_t routed_signals;
  uint64_t unrouted_signals;
  char warning_message[256];
  off_t logsize; /* bytes of the file of logto or logto2, once a turn of the master; 0: there is none */
};

#ifdef __cplusplus
}
#endif
