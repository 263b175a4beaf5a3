// daemonize: the server goes on in the background; the process that was started waits for the outcome of its
// start, and ends with its status.
#pragma once

namespace mortise::background {

// Option callback.
void set_log(char *name, char *path, void *);

// Returns in the background process. [master, before anything but configuration has happened]
void go_to_background();
// The server serves: the process that was started may end. [master]
void release_starter();
// Hook post_fork.
void forget_starter();

}  // namespace mortise::background
