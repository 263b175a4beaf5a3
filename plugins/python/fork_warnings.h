// What does not survive a fork well: threads and connections that a preloaded application has in the master.
#pragma once

namespace mortise::python {

// One line in the log for the threads, and one for the connections, with what to do about them; each again
// only when it changed. [master, with the GIL, before a fork]
void warn_of_what_a_fork_breaks();

}  // namespace mortise::python
