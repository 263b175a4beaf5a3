/* Ending a request outside of its core: threads that only move bytes. Provider: plugins/offload, loaded by
 * itself with `offload-threads` or when a plugin needs these symbols. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_offload_engine;

/* The state of one offloaded transfer; handed over to a thread by uwsgi_offload_run(). */
#define UWSGI_HAS_OFFLOAD_UBUFS 1
struct uwsgi_offload_request {
  struct uwsgi_offload_engine *engine;
  int s;  /* the client */
  int fd; /* the other side, -1 if there is none */
  int fd2;
  int takeover; /* the thread owns s from now on */
  int status;
  uint64_t timeout;
  uint64_t expires;
  size_t len;
  size_t pos;
  size_t to_write;
  size_t written;
  char *buf;
  off_t buf_pos;
  char *name;
  struct uwsgi_buffer *ubuf, *ubuf1, *ubuf2, *ubuf3, *ubuf4, *ubuf5, *ubuf6, *ubuf7, *ubuf8;
  void *data;
  void (*free)(
      struct uwsgi_offload_request *); /* [offload thread] called at the end, before the rest is freed */
  struct uwsgi_offload_request *prev;
  struct uwsgi_offload_request *next;
  int pipe[2]; /* of uwsgi_offload_run()'s wait */
  uint64_t custom1, custom2, custom3, custom4, custom5, custom6, custom7, custom8; /* the engine's own */
};

/* prepare runs on the core: 0 go on, -1 failed. event runs in the thread whenever a watched descriptor is
 * ready (fd -1: the first call, where it asks for its events): 0 go on, -1 the end. */
struct uwsgi_offload_engine {
  char *name;
  int (*prepare_func)(struct wsgi_request *, struct uwsgi_offload_request *);
  int (*event_func)(struct uwsgi_thread *, struct uwsgi_offload_request *, int fd);
  struct uwsgi_offload_engine *next;
};

/* [load] */
UWSGI_API struct uwsgi_offload_engine *uwsgi_offload_register_engine(
    const char *name, int (*prepare)(struct wsgi_request *, struct uwsgi_offload_request *),
    int (*event)(struct uwsgi_thread *, struct uwsgi_offload_request *, int fd));
UWSGI_API struct uwsgi_offload_engine *uwsgi_offload_engine_by_name(const char *name);
/* [request] setup clears the structure: s is the client, the descriptors are -1. run prepares and hands a
 * copy over; with takeover the request is over for the server, which must not touch the client any more. wait
 * != NULL: *wait becomes a descriptor that is readable at the end, the caller's to wait for and to close. 0,
 * or -1 when there are no threads or prepare failed: all is the caller's again, who does the work himself. At
 * the end the thread closes fd, fd2 and (takeover) s, and frees buf and the buffers. */
UWSGI_API void uwsgi_offload_setup(struct uwsgi_offload_engine *, struct uwsgi_offload_request *,
                                   struct wsgi_request *, uint8_t takeover);
UWSGI_API int uwsgi_offload_run(struct wsgi_request *, struct uwsgi_offload_request *, int *wait);
/* [request] The rest of the response is: len bytes of a file; the answer of a server at `address` to the
 * bytes in the buffer, and what the client goes on to send; what a pipe brings; bytes. A head that was not
 * sent yet goes first, completed by the length. 0: the descriptor, buffer or memory is the thread's. -1:
 * nothing was sent. */
UWSGI_API int uwsgi_offload_request_sendfile_do(struct wsgi_request *, int fd, size_t pos, size_t len);
UWSGI_API int uwsgi_offload_request_net_do(struct wsgi_request *, char *address, struct uwsgi_buffer *);
UWSGI_API int uwsgi_offload_request_pipe_do(struct wsgi_request *, int fd, size_t len);
UWSGI_API int uwsgi_offload_request_memory_do(struct wsgi_request *, char *buf, size_t len);

#ifdef __cplusplus
}
#endif
