// How many connections wait in the backlog of each listening socket.
#pragma once

#include <cstdint>

namespace mortise::metrics {

struct ListenQueue {
  uint64_t waiting = 0;
  uint64_t longest = 0;  // what the backlog holds; 0: unknown
};

// Of a listening TCP or UNIX socket; false where the system does not say.
bool read_listen_queue(int fd, int family, ListenQueue &queue);

// Raises the alarms of alarm-backlog, and logs, when a backlog is full. [metrics process]
void report_full_queues();

// Also owned here: uwsgi_sample_listen_queues().

}  // namespace mortise::metrics
