// The end of a process that ran Python.
#pragma once

namespace mortise::python {

// Hook atexit: calls uwsgi.atexit and what was registered with Python's module atexit, and flushes sys.stdout
// and sys.stderr. The interpreter is not finalised: extension modules crash or hang there, threads of the
// application may still run, and the system takes the memory back anyway. [any process]
void run_python_exit();

}  // namespace mortise::python
