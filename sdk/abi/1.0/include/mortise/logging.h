/* Where log lines go and what they look like. Provider: plugins/logging, loaded by itself with `logger`,
 * `log-format` and similar options or when a plugin needs these symbols. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `logger = [id] name:arg`. func is called in the process that owns the log (docs/logging.md), one call at a
 * time. */
struct uwsgi_logger {
  char *name;
  char *id;
  ssize_t (*func)(struct uwsgi_logger *, char *line, size_t len);
  int configured; /* func sets it after its own set-up */
  int fd;
  void *data;
  union uwsgi_sockaddr addr;
  socklen_t addr_len;
  int count;
  struct msghdr msg;
  char *buf;
  char *arg;
  struct uwsgi_logger *next;
};

/* `log-encoder = name args`, or `name:logger args` for one logger alone. func returns a new line, malloc'ed,
 * of *out_len bytes, or NULL to drop it. */
struct uwsgi_log_encoder {
  char *name;
  char *(*func)(struct uwsgi_log_encoder *, char *line, size_t len, size_t *out_len);
  int configured;
  char *args;
  void *data;
  char *use_for;
  struct uwsgi_log_encoder *next;
};

/* A part of log-format. func writes up to len bytes of the value; it returns them in *buf, malloc'ed where
 * `free` is set. */
struct uwsgi_logchunk {
  char *name;
  int type; /* 0 text, 1 a member of the request, 2 variable, 3 function, 5 metric */
  char *ptr;
  size_t len;
  int vec;
  long pos;
  long pos_len;
  int free;
  ssize_t (*func)(struct wsgi_request *, char **buf);
  struct uwsgi_logchunk *next;
};

/* [load] Makes `logger = name:arg` possible. */
UWSGI_API struct uwsgi_logger *uwsgi_register_logger(const char *name,
                                                     ssize_t (*func)(struct uwsgi_logger *, char *line,
                                                                     size_t len));
/* [load] For an option that gives the log to the logger named by `data`; its value is the logger's argument.
 */
UWSGI_API void uwsgi_opt_set_logger(char *name, char *value, void *data);
/* [load] Makes `log-encoder = name args` possible. */
UWSGI_API void uwsgi_register_log_encoder(const char *name, char *(*func)(struct uwsgi_log_encoder *, char *,
                                                                          size_t, size_t *));
/* [load] Makes %(name) in log-format possible; the value is what func returns for the request. */
UWSGI_API struct uwsgi_logchunk *uwsgi_register_logchunk(const char *name,
                                                         ssize_t (*func)(struct wsgi_request *, char **buf),
                                                         int need_free);
/* [request] Value of a variable that uwsgi_logvar_add() set; NULL if there is none. */
struct uwsgi_logvar {
  char key[256];
  uint8_t keylen;
  char val[256];
  uint8_t vallen;
  struct uwsgi_logvar *next;
};
UWSGI_API struct uwsgi_logvar *uwsgi_logvar_get(struct wsgi_request *, const char *key, uint8_t keylen);
/* [any] Moves path to rotated (NULL: path.now) and opens it anew as *fd: 0, or -1. */
UWSGI_API int uwsgi_log_do_rotate(const char *path, const char *rotated, off_t size, int fd);

/* [any] Asks for the log files to be opened anew, or to be moved away (path.now) and begun anew. */
UWSGI_API void uwsgi_log_reopen(void);
UWSGI_API void uwsgi_log_rotate(void);
/* [load, master] func is called for every line, without its newline, in the process that owns the log and
 * before filters and loggers. It must not log. */
UWSGI_API void uwsgi_log_watch(void (*func)(const char *line, size_t len));

/* ---- What the server itself offers to a provider of logs ---- */

/* [any] Lines of the server are written to fd from now on; -1: to standard error. A write that would block
 * loses the line, and the next one that does not tells how many were lost. Holds in this process and those it
 * forks. */
UWSGI_API void uwsgi_log_through(int fd);
/* [load] What lines of the server begin with: the time in this strftime(3) format, then a text. NULL: as it
 * was. */
UWSGI_API void uwsgi_log_stamp(const char *text, const char *format);

#ifdef __cplusplus
}
#endif
