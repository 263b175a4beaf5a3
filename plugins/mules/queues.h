// The sockets between processes: whole messages, that whoever reads first gets. Made before the fork, so that
// each process has both ends.
#pragma once

#include <uwsgi.h>

namespace mortise::mules {

// A pair: [0] to send, [1] to read, neither waits. bytes: room for messages, 0: the system's. 0, or -1.
int open_queue(int pair[2], int bytes);

// One byte: 0, or -1 where the receivers are far behind.
int send_signal(int fd, uint8_t signum);

}  // namespace mortise::mules
