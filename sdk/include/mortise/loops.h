/* What a loop engine (--loop NAME) is made of: accepting, parsing, finishing a request and suspending it, for
 * engines that run the requests of a worker themselves. Implemented in the server; the async part is in
 * plugins/async. */
#pragma once

#include "mortise/request.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [worker] Starts `func` on each core: threads for cores 1…, then core 0 in the calling thread; the argument
 * is the core's number. */
UWSGI_API void uwsgi_loop_cores_run(void *(*func)(void *core));
/* [worker] Clears a request and gives it to a core. */
UWSGI_API void wsgi_req_setup(struct wsgi_request *, int core, struct uwsgi_socket *);
/* [worker] For engines that run many cores in one thread (gevent, asyncio): serves the connection fd, which
 * came from a listener by uwsgi_accept(), to its end on that core, 0 … uwsgi.cores - 1. Whatever must wait
 * calls uwsgi.wait_read_hook or wait_write_hook, which the engine has replaced by what switches to another
 * core. A core serves one connection at a time. The server closes fd. */
UWSGI_API void uwsgi_serve_connection(int core, struct uwsgi_socket *, int fd);
/* [worker] The request object of such a core: what uwsgi.current_wsgi_req() has to return while it runs. */
UWSGI_API struct wsgi_request *uwsgi_request_of_core(int core);
/* [worker] Waits on an event queue that has the listeners (uwsgi_add_sockets_to_queue), accepts: 0, or -1: no
 * connection, look at uwsgi.workers[…].manage_next_request and go on. */
UWSGI_API int wsgi_req_accept(int queue, struct wsgi_request *);
/* [worker] Accepts from a listener that is ready: 0, or -1. */
UWSGI_API int wsgi_req_simple_accept(struct wsgi_request *, int listener);
/* [worker] Reads and parses the head, calls the request hook: 0, or -1 where there was no request. */
UWSGI_API int wsgi_req_recv(int queue, struct wsgi_request *);
/* [worker] Finishes: rest of the response, log line, statistics, closes the connection. */
UWSGI_API void uwsgi_close_request(struct wsgi_request *);
UWSGI_API void uwsgi_destroy_request(struct wsgi_request *);
UWSGI_API void uwsgi_add_sockets_to_queue(int queue, int core);
UWSGI_API void uwsgi_del_sockets_from_queue(int queue);
/* [worker] The waiting that the hooks uwsgi.wait_… do unless an engine replaces them. */
UWSGI_API int uwsgi_simple_wait_read_hook(int fd, int timeout);
UWSGI_API int uwsgi_simple_wait_write_hook(int fd, int timeout);
UWSGI_API int uwsgi_simple_wait_read2_hook(int fd0, int fd1, int timeout, int *fd);
UWSGI_API int uwsgi_simple_wait_milliseconds_hook(int timeout_ms);

/* ---- Async mode (--async N): N requests of one thread, suspended and resumed ---- */

/* [worker] A free request of the pool, NULL where all are in use; back into it. */
UWSGI_API struct wsgi_request *find_first_available_wsgi_req(void);
UWSGI_API struct wsgi_request *find_wsgi_req_by_fd(int fd);
UWSGI_API struct wsgi_request *find_wsgi_req_proto_by_fd(int fd);
UWSGI_API void uwsgi_async_queue_is_full(time_t now);
/* [request] Resumes the request when fd is ready or after so many seconds: 0, or -1. */
UWSGI_API int async_add_fd_read(struct wsgi_request *, int fd, int timeout);
UWSGI_API int async_add_fd_write(struct wsgi_request *, int fd, int timeout);
UWSGI_API void async_add_timeout(struct wsgi_request *, int timeout);
UWSGI_API void async_reset_request(struct wsgi_request *);
UWSGI_API void async_schedule_to_req(void);
UWSGI_API void async_schedule_to_req_green(void);
UWSGI_API void async_loop(void);

#ifdef __cplusplus
}
#endif
