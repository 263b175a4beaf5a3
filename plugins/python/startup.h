// The embedded interpreter: configured and started once, in the master, before the fork.
#pragma once

namespace mortise::python {

// Hook init: 0, or -1 when Python does not start; the log says why. The calling thread does not hold the GIL
// afterwards. [master]
int start_interpreter();

// Hook init_thread: makes a core's thread known to Python under uWSGI's name for it. [worker, the core's
// thread]
void adopt_core_thread(int core);

}  // namespace mortise::python
