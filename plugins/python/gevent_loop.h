// --gevent N: a loop engine with N cores in one thread of each worker, a greenlet for each connection that is
// served.
#pragma once

namespace mortise::python {

// Makes --loop gevent known. [load]
void register_gevent_loop();
// What the option does with its value: N cores, this loop.
void choose_gevent(char *name, char *value, void *data);
// Ends the process where gevent is wanted and cannot be imported: its loop would only be started when the
// worker has said that it is ready. [as applications are loaded]
void require_gevent();
// Patches the standard library where --gevent-monkey-patch asks for it. [before applications are loaded]
void monkey_patch();

}  // namespace mortise::python
