// Names what does not survive a fork well: threads and connections that plugins, or a preloaded application,
// have in the master.
#pragma once

namespace mortise {

// One line in the log for the threads and one for the connections, with what to do about them. [master,
// before its first fork]
void warn_of_what_a_fork_breaks();

// Also owned here: uwsgi_register_thread_names().

}  // namespace mortise
