// Python in mules and spoolers: their applications, programs, messages and tasks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mortise::python {

// Loads the applications in a mule or spooler, which has none unless they were preloaded, and runs
// uwsgi.post_fork_hook; once in each process. Does nothing in any other process. [mule, spooler]
void enter_background_process();

// Hook mule: runs a file or calls module:function as a mule's whole work. 1, or 0 when it names no Python.
int run_mule(char *patch);

// Hook mule_msg: hands a message to uwsgi.mule_msg_hook. 1, or 0 when there is none.
int handle_mule_message(char *message, size_t len);

// Hook spooler_init: runs --spooler-import.
void start_spooler();

// Hook spooler: hands a task to uwsgi.spooler. What that returned; UWSGI_SPOOL_RETRY after an exception, 0
// when there is no such function.
int run_task(char *file, char *pairs, uint16_t len, char *body, size_t body_len);

}  // namespace mortise::python
