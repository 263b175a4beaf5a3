// --reload-on-exception and its kin: a worker is replaced after a request that raised.
#pragma once

#include "cpython.h"

namespace mortise::python {

// Asks for this worker's replacement when the configuration wants it for that exception; the worker goes on
// until its successor is ready. [request, with the GIL]
void replace_worker_after(PyObject *exception);

}  // namespace mortise::python
