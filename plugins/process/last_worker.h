// Ends a server whose workers have all died, where they shall not be started again.
#pragma once

namespace mortise::process {

extern int die_on_no_workers;

// Hook pre_uwsgi_fork: whether a worker is about to be started because none is left. [master]
void look_for_workers();
// Hook master_cycle: stops the server if so.
void end_without_workers();

}  // namespace mortise::process
