// A worker process from its fork to its end: applications, threads, the request loop.
#pragma once

#include <uwsgi.h>

namespace mortise {

// Loads the applications: preinit_apps, init_apps, mount_app of each --mount, postinit_apps. [worker; master
// when they are preloaded]
void load_applications();

// The body of worker `wid`; returns its exit status. [worker, main thread]
int run_worker(int wid);

// Runs the plugins' atexit hooks, once in each process. [any process that served]
void run_exit_hooks();

}  // namespace mortise
