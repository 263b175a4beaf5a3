// --py-autoreload: a reload when the source of a loaded module changes. For development.
#pragma once

namespace mortise::python {

// Starts the thread that watches, in the first worker, where it was asked for. [worker, applications loaded]
void start_autoreload();

}  // namespace mortise::python
