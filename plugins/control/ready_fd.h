// reload-on-fd: descriptors that the server was started with and that mean a reload when they can be read.
#pragma once

namespace mortise::control {

// Option callback: NUMBER[:BYTES], of an eventfd(2) or the reading end of a pipe.
void add_reload_fd(char *name, char *value, void *);

// [master, before the fork] 0, or -1 with a message.
int watch_reload_fds();
// [child] They are the master's.
void close_reload_fds();

}  // namespace mortise::control
