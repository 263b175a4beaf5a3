// What Python calls its threads, for the server's warning of those that a fork leaves behind.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace mortise::python {

// 0, or -1 where it is no thread that Python knows by name. [master, before a fork]
int name_of_python_thread(pid_t thread, char *name, size_t size);

}  // namespace mortise::python
