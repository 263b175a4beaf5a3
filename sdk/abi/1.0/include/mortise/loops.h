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

/* ---- Engines that take the steps of a request themselves, as those of uWSGI do: wsgi_req_setup(),
 * wsgi_req_simple_accept(), proto(), routes and the request hook, uwsgi_close_request(). Each connection
 * serves one request. With request objects of this worker's cores. ---- */

/* [worker] Makes the request object of a core ready for a connection of a listener (NULL: wsgi_req_accept
 * finds it). Its `socket` is then the engine's view of the listener: `proto` reads what is there and parses
 * it, 0: the head is whole, 1: call it again when the descriptor can be read, -1: close the request. */
UWSGI_API void wsgi_req_setup(struct wsgi_request *, int core, struct uwsgi_socket *);
/* [worker] Accepts a connection: 0, or -1 where another worker was faster or this one is to stop. */
UWSGI_API int wsgi_req_simple_accept(struct wsgi_request *, int listener);
/* [worker] Waits in an event queue that has the listeners, and accepts: 0, or -1: try again. Takes signals.
 */
UWSGI_API int wsgi_req_accept(int queue, struct wsgi_request *);
/* [worker] Reads the head, waiting in uwsgi.wait_read_hook, and runs routes and request hook: 0, or -1. */
UWSGI_API int wsgi_req_recv(int queue, struct wsgi_request *);
/* [worker] The end of a request, whole or not: sends what is left of the response, or the refusal of a bad
 * head; counts and logs it, calls after_request, closes the connection. */
UWSGI_API void uwsgi_close_request(struct wsgi_request *);
/* [worker] Closes the connection and does nothing else. */
UWSGI_API void uwsgi_destroy_request(struct wsgi_request *);
/* [worker] Watches all listeners in an event queue. */
UWSGI_API void uwsgi_add_sockets_to_queue(int queue, int core);

/* ---- Async mode (--async N): N cores in one thread. Provider: plugins/async, whose loop `async` runs unless
 * another one is chosen. A coroutine engine (ugreen, greenlet, …) sets uwsgi.schedule_to_req and
 * schedule_to_main, which switch to the request in uwsgi.wsgi_req and away from it; without one a request
 * hook returns UWSGI_AGAIN to be called again. All in the thread of the loop. ---- */

/* What a request waits for; a list in wsgi_request.waiting_fds. */
struct uwsgi_async_fd {
  int fd;
  int event;
  struct uwsgi_async_fd *prev;
  struct uwsgi_async_fd *next;
};
/* [worker] The request is continued when fd can be read (written), or after so many seconds (0: never):
 * async_ready_fd, async_last_ready_fd and async_timed_out tell. 0, or -1: this loop cannot watch it. */
UWSGI_API int async_add_fd_read(struct wsgi_request *, int fd, int timeout);
UWSGI_API int async_add_fd_write(struct wsgi_request *, int fd, int timeout);
UWSGI_API void async_add_timeout(struct wsgi_request *, int timeout);
/* [worker] Forgets all that the request waits for. */
UWSGI_API void async_reset_request(struct wsgi_request *);
/* [worker] Continues those whose time is over at `now`, in microseconds of uwsgi_micros(). */
UWSGI_API void async_expire_timeouts(uint64_t now);
/* [worker] Runs the request in uwsgi.wsgi_req: once, or until it is done, switching away after each
 * UWSGI_AGAIN. */
UWSGI_API void async_schedule_to_req(void);
UWSGI_API void async_schedule_to_req_green(void);
/* [worker] A core that serves nobody, taken from uwsgi.async_queue_unused; NULL: all are busy. */
UWSGI_API struct wsgi_request *find_first_available_wsgi_req(void);
/* [worker] Says that all cores are busy, at most once a second. */
UWSGI_API void uwsgi_async_queue_is_full(time_t now);
/* [worker] The request that waits for fd; whose head is read from fd; of a core. NULL: none. */
UWSGI_API struct wsgi_request *find_wsgi_req_by_fd(int fd);
UWSGI_API struct wsgi_request *find_wsgi_req_proto_by_fd(int fd);
UWSGI_API struct wsgi_request *find_wsgi_req_by_id(int core);

#ifdef __cplusplus
}
#endif
