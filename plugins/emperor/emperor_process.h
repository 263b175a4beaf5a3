// The process of the emperor: one loop over scanners, vassals and who asks for their state.
#pragma once

namespace mortise::emperor {

// [master] Before the fork; and: the configurations are to be looked at right now.
void prepare_rescan();
void ask_rescan();
// [master] As its user. Not in the emperor's own process: the listener is handed over in a reload.
void bind_stats();

void run_emperor(int id, void *data);

}  // namespace mortise::emperor
