/* What stands between the sockets of the HTTP gateway and HTTP, such as TLS. Provider: plugins/http; not part
 * of uWSGI's API. All is called in the gateway's process, which has one thread, and may not block. */
#pragma once

#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A connection of a client. */
struct uwsgi_http_client;

enum {
  UWSGI_HTTP_BROKEN = -1, /* the connection is of no use any more */
  UWSGI_HTTP_GOES_ON = 0,
  UWSGI_HTTP_PLAIN = 1 /* what came is HTTP itself: the client is answered 400, without the transport */
};

struct uwsgi_http_transport {
  const char *scheme; /* for the log: "https" */
  /* A client came. Returns what the others are called with; NULL: the client is closed. */
  void *(*open)(void *data, struct uwsgi_http_client *);
  /* Bytes of the socket. What of HTTP is in them goes to uwsgi_http_client_deliver(). */
  int (*received)(void *connection, const char *bytes, size_t len);
  /* Bytes of HTTP, for uwsgi_http_client_send(). 0, or -1: they cannot be sent. */
  int (*write)(void *connection, const struct iovec *parts, size_t count);
  /* Nothing more will be written. */
  void (*end)(void *connection);
  /* Adds variables to a request; add returns 0, or -1: there is no room, which is to be returned. */
  int (*variables)(void *connection,
                   int (*add)(void *sink, const char *name, uint16_t name_len, const char *value,
                              uint16_t value_len),
                   void *sink);
  /* The client is gone; frees the connection. */
  void (*close)(void *connection);
};

/* [load] Serves HTTP on one more address, through a transport; both live as long as the server. Requests get
 * HTTPS=on. */
UWSGI_API void uwsgi_http_listen(const char *address, const struct uwsgi_http_transport *, void *data);
/* [gateway] To the socket; what it does not take is copied and waits. 0, or -1: the peer is gone. */
UWSGI_API int uwsgi_http_client_send(struct uwsgi_http_client *, const char *bytes, size_t len);
/* [gateway] To HTTP. 0, or -1: the client was closed meanwhile, and close() will be called. */
UWSGI_API int uwsgi_http_client_deliver(struct uwsgi_http_client *, char *bytes, size_t len);
/* [gateway] The client has said that it sends no more. */
UWSGI_API void uwsgi_http_client_ended(struct uwsgi_http_client *);

#ifdef __cplusplus
}
#endif
