// No workers at all while nobody asks: the master watches the listening sockets instead.
#pragma once

namespace mortise::cheaper {

inline int idle_seconds = 0, start_cheap = 0, die_on_idle = 0;

// [master, before the fork] Also the command 'C' of the master's fifo, where there is one.
void prepare_idleness();
// Hook master_cycle.
void watch_idleness();
bool is_idle();

}  // namespace mortise::cheaper
