// What CPython needs around a fork, and what applications want to run after it.
#pragma once

namespace mortise::python {

// Hooks pre_uwsgi_fork and post_uwsgi_fork (0: parent, 1: child): the forking thread holds the GIL and the
// import lock while the process splits, or the child could find them taken for ever. [master]
void before_fork();
void after_fork(int step);

// Hook post_fork: runs uwsgi.post_fork_hook, unless applications that may still set it are loaded later.
// [child]
void after_server_fork();

// Hook fixup, the last before the request loop: runs uwsgi.post_fork_hook where that did not happen yet.
// [worker]
void run_postfork_hooks();

// Whether this process is one that the application forked: it must not go on as a second worker. Known once
// notice_forks() was called. [master, once]
void notice_forks();
bool forked_by_application();

}  // namespace mortise::python
