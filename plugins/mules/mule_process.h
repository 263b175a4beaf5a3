// The life of a mule: what it runs, or the messages and signals that it waits for; and its deadlines, which
// the master watches.
#pragma once

namespace mortise::mules {

// Body of the role. [mule]
void run_mule(int id, void *);

// Hook master_cycle: kills mules that are overdue with a message.
void check_deadlines();

}  // namespace mortise::mules
