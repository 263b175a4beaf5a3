/* WebSocket (RFC 6455) on the connection of a request. Provider: plugins/websockets, loaded by itself when a
 * plugin needs these symbols. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [request] Answers 101. The values are those of the request's headers; zero lengths: they are looked up. 0,
 * or -1. */
UWSGI_API int uwsgi_websocket_handshake(struct wsgi_request *, const char *key, uint16_t key_len,
                                        const char *origin, uint16_t origin_len, const char *protocol,
                                        uint16_t protocol_len);
/* [request] The next message, put together from its fragments; pings are answered on the way. NULL: the
 * client closed or failed, and the request should end. _nb does not wait: an empty buffer where nothing is
 * there. The buffer is the caller's to destroy. */
UWSGI_API struct uwsgi_buffer *uwsgi_websocket_recv(struct wsgi_request *);
UWSGI_API struct uwsgi_buffer *uwsgi_websocket_recv_nb(struct wsgi_request *);
/* [request] Sends one message: 0, or -1. */
UWSGI_API int uwsgi_websocket_send(struct wsgi_request *, const char *msg, size_t len);
UWSGI_API int uwsgi_websocket_send_binary(struct wsgi_request *, const char *msg, size_t len);
UWSGI_API int uwsgi_websocket_send_from_sharedarea(struct wsgi_request *, int id, uint64_t pos, uint64_t len);
UWSGI_API int uwsgi_websocket_send_binary_from_sharedarea(struct wsgi_request *, int id, uint64_t pos,
                                                          uint64_t len);

#ifdef __cplusplus
}
#endif
