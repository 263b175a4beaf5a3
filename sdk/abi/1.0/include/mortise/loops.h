/* What a loop engine (--loop NAME) is made of. Implemented in the server. */
#pragma once

#include "mortise/request.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [worker] Starts `func` on each core: threads for cores 1…, then core 0 in the calling thread; the argument
 * is the core's number. */
UWSGI_API void uwsgi_loop_cores_run(void *(*func)(void *core));
/* [worker] For engines that run many cores in one thread (gevent, asyncio): serves the connection fd, which
 * came from a listener by uwsgi_accept(), to its end on that core, 0 … uwsgi.cores - 1. Whatever must wait
 * calls uwsgi.wait_read_hook or wait_write_hook, which the engine has replaced by what switches to another
 * core. A core serves one connection at a time. The server closes fd. */
UWSGI_API void uwsgi_serve_connection(int core, struct uwsgi_socket *, int fd);
/* [worker] The request object of such a core: what uwsgi.current_wsgi_req() has to return while it runs. */
UWSGI_API struct wsgi_request *uwsgi_request_of_core(int core);
/* [worker] The waiting that the hooks uwsgi.wait_… do unless an engine replaces them. */
UWSGI_API int uwsgi_simple_wait_read_hook(int fd, int timeout);
UWSGI_API int uwsgi_simple_wait_write_hook(int fd, int timeout);
UWSGI_API int uwsgi_simple_wait_read2_hook(int fd0, int fd1, int timeout, int *fd);
UWSGI_API int uwsgi_simple_wait_milliseconds_hook(int timeout_ms);

#ifdef __cplusplus
}
#endif
