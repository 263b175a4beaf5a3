// The life of a spooler's process: waits for tasks and signals, hands tasks to plugins, removes what is done.
#pragma once

namespace mortise::spooler {

// Body of the role. [spooler]
void run_spooler(int id, void *);

// Hook master_cycle: kills processes whose task takes too long.
void check_deadlines();

}  // namespace mortise::spooler
