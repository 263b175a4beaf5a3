// What the threads can do by themselves: send a file, memory, what a pipe brings, or stand between the client
// and another server. The state of each is in its struct uwsgi_offload_request.
#pragma once

#include <uwsgi.h>

namespace mortise::offload {

void register_engines();

// [offload thread] struct uwsgi_offload_engine.event_func of each.
int send_file(uwsgi_thread *, uwsgi_offload_request *, int fd);
int send_memory(uwsgi_thread *, uwsgi_offload_request *, int fd);
int send_pipe(uwsgi_thread *, uwsgi_offload_request *, int fd);
int relay(uwsgi_thread *, uwsgi_offload_request *, int fd);

}  // namespace mortise::offload
