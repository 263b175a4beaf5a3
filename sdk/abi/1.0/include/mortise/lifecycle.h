/* The server's life as a whole, seen and steered by plugins: start, reload, stop, the number of its workers.
 */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [any] 0: this server was started; n: reloaded n times, in the same process and with the same pid; -1: a
 * trial, which only finds out whether a reload would succeed and ends when its application is loaded: write
 * nothing that the running server owns (pid files, sockets, forks into the background). */
UWSGI_API int uwsgi_generation(void);

enum {
  UWSGI_STARTING, /* not every worker was ready yet */
  UWSGI_SERVING,
  UWSGI_RELOADING, /* the next generation is tried or starts; this one or the one before serves */
  UWSGI_STOPPING,
};
/* [master] From master_cycle, for one. */
UWSGI_API int uwsgi_server_state(void);

/* [any] Asks for a reload: the configuration is read again, new workers take over when they are ready;
 * nothing happens, and the log says why, if they would not get so far. */
UWSGI_API void uwsgi_reload_server(void);
/* [master] Ends the server: as SIGTERM does, or at once. */
UWSGI_API void uwsgi_stop_server(int at_once);

/* [master] 1: the workers accept no more connections, which wait where they are; requests that are served,
 * and the next one of each connection that is kept open, are answered. 0: they accept again. A reload does,
 * too. */
UWSGI_API void uwsgi_pause_workers(int pause);
UWSGI_API int uwsgi_workers_paused(void);

/* Workers by number. A 0 lets the server choose. */
/* [master] A worker that does not run is started: its number, or 0 if all run. */
UWSGI_API int uwsgi_start_worker(int wid);
/* [master] A worker finishes its requests and ends; it is not started again by itself: its number, or 0. */
UWSGI_API int uwsgi_retire_worker(int wid);
/* [master] A worker (0: each, one after another) is replaced as soon as its successor is ready. [worker] Its
 * own replacement is asked for; it goes on until then. */
UWSGI_API void uwsgi_replace_worker(int wid);

/* [on_load] What a language calls its threads: name_of fills in the name and returns 0, or -1 for a thread
 * that it does not know. The server names threads that the master has before its first fork in a warning. */
UWSGI_API int uwsgi_register_thread_names(int (*name_of)(pid_t thread, char *name, size_t size));

/* [master, before the fork] Gives a letter that is written to the master's fifo a meaning. Of plugin control:
 * one that has no need of a fifo looks for the function with dlsym(3) and does without it. */
UWSGI_API void uwsgi_fifo_set_slot(char slot, void (*func)(int command));

#ifdef __cplusplus
}
#endif
