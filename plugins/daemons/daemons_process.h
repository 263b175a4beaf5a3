// The process "daemons": keeps the daemons running, starts cron jobs, and stops the daemons when the workers
// are gone.
#pragma once

namespace mortise::daemons {

// Adds the process where there is something for it to do. 0, or -1. [master, init]
int add_process();

}  // namespace mortise::daemons
