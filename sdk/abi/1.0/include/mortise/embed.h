/* The server inside another program, which is linked with -lmortise (pkg-config mortise). */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Runs the server with the command line of `mortise` (argv[0] is the program's name) until it is told to
 * stop, and returns its exit status; mortise(1) lists these. envp NULL: environ. The strings must outlive the
 * call.
 *
 * Call it once in a process, from its first thread, before others exist: the caller becomes the master, and
 * its children end without returning. SIGTERM, SIGINT, SIGQUIT and SIGHUP are the server's until it returns.
 * A plugin that gives up while the server starts may end the process with its status; nothing is returned
 * then. */
__attribute__((visibility("default"))) int uwsgi_init(int argc, char **argv, char **envp);

#ifdef __cplusplus
}
#endif
