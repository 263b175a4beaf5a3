// --py-thread-interpreters: an interpreter for each core, so that the cores of a worker share no Python
// object, and from Python 3.12 on no GIL either.
#pragma once

namespace mortise::python {

// Hook fixup, part of: makes the interpreters of the cores behind the first one, which keeps the main
// interpreter, and loads the applications in each. An application that cannot be loaded there ends the
// process with UWSGI_FAILED_APP_CODE where need-app is on. A fork leaves only the main interpreter, so they
// are made in each worker. [worker, before the cores' threads start]
void create_core_interpreters();

}  // namespace mortise::python
