// The offload threads of a worker: each waits on an event queue of its own for all transfers that it has.
// What a transfer does with its descriptors is its engine's.
#pragma once

#include <uwsgi.h>

namespace mortise::offload {

// Starts the threads of this process. [worker, before requests]
void start_threads(int count);
bool running();

// Hands a copy to the next thread: 0, or -1 where it cannot take it. [request]
int hand_over(const uwsgi_offload_request &request);

// Waits until all transfers have ended, at most so many seconds. [worker, at its end]
void wait_for_transfers(int seconds);

}  // namespace mortise::offload
