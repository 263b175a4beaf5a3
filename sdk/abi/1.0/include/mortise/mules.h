/* Background processes: mules, farms of them, and the spooler. Providers: plugins/mules and plugins/spooler,
 * loaded by themselves. */
#pragma once

#include "mortise/structs.h"

#define UWSGI_SPOOL_OK -2
#define UWSGI_SPOOL_RETRY -1
#define UWSGI_SPOOL_IGNORE 0

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_mule {
  int id;
  pid_t pid;
  int signal_pipe[2];
  int queue_pipe[2]; /* datagrams for this one */
  time_t last_spawn;
  uint64_t respawn_count;
  char *patch; /* what it runs: a file or function; NULL: waits for messages and signals */
  time_t user_harakiri;
  time_t harakiri;
  char name[0xff];
  int sig;
  uint8_t signum;
};
struct uwsgi_mule_farm {
  struct uwsgi_mule *mule;
  struct uwsgi_mule_farm *next;
};
struct uwsgi_farm {
  int id;
  char name[0xff];
  int signal_pipe[2];
  int queue_pipe[2]; /* datagrams for any of its mules */
  struct uwsgi_mule_farm *mules;
};

/* [any] Sends a message of at most 64 KiB to the queue behind fd (uwsgi.shared->mule_queue_pipe[0]: any mule;
 * queue_pipe[0] of a mule or farm). 0, or -1. */
UWSGI_API int mule_send_msg(int fd, char *message, size_t len);
/* [mule] Waits for a message: its length, 0 timed out (seconds; -1: for ever), -1. */
UWSGI_API ssize_t uwsgi_mule_get_msg(int manage_signals, int manage_farms, char *message, size_t size,
                                     int timeout);
UWSGI_API struct uwsgi_mule *get_mule_by_id(int id);
UWSGI_API struct uwsgi_farm *get_farm_by_name(const char *name);
UWSGI_API int uwsgi_farm_has_mule(struct uwsgi_farm *, int mule_id);
UWSGI_API void uwsgi_opt_add_mule(char *name, char *value, void *data);

/* ---- The spooler ---- */

struct uwsgi_spooler {
  char dir[PATH_MAX];
  pid_t pid;
  uint64_t respawned;
  uint64_t tasks;
  struct uwsgi_lock_item *lock;
  time_t harakiri;
  time_t user_harakiri;
  int mode;
  int running;
  int signal_pipe[2];
  struct uwsgi_spooler *next;
};
/* [any] Stores a task: packed pairs and a body. The pairs spooler (a directory), priority and at (seconds
 * since 1970) are the spooler's own. spooler NULL: the first one. Returns the file's name, malloc'ed, or
 * NULL. */
UWSGI_API char *uwsgi_spool_request(struct wsgi_request *, char *pairs, size_t len, char *body,
                                    size_t body_len);
UWSGI_API struct uwsgi_spooler *uwsgi_get_spooler_by_name(const char *name, size_t len);
/* [any] From now on all spoolers look for tasks every so many seconds: 0, or -1 for less than 1. */
UWSGI_API int uwsgi_set_spooler_frequency(int seconds);
/* [spooler] Parts of a task's file that is open as fd: 0 or 1 (good), -1. */
UWSGI_API int uwsgi_spooler_read_header(char *task, int fd, struct uwsgi_header *);
UWSGI_API int uwsgi_spooler_read_content(int fd, char *args, char **body, size_t *body_len,
                                         struct uwsgi_header *, struct stat *);

/* ---- A queue in shared memory ---- */

struct uwsgi_queue_header {
  uint64_t pos;      /* slot of the next push */
  uint64_t pull_pos; /* slot of the next pull */
};
/* [any] Under uwsgi.queue_lock. Pointers are into the queue; NULL where there is nothing.
 * push and set: 1, 0 where the message is empty or too long. */
UWSGI_API char *uwsgi_queue_get(uint64_t slot, uint64_t *size);
UWSGI_API char *uwsgi_queue_pop(uint64_t *size);
UWSGI_API char *uwsgi_queue_pull(uint64_t *size);
UWSGI_API int uwsgi_queue_push(char *message, uint64_t size);
UWSGI_API int uwsgi_queue_set(uint64_t slot, char *message, uint64_t size);

#ifdef __cplusplus
}
#endif
