// uwsgi's packed pairs, as packets and files of tasks have them, as a dict.
#pragma once

#include "cpython.h"

namespace mortise::python {

// Names and values as bytes; None where the pairs are malformed. Null with an exception set. [with the GIL]
PyObject *dict_of_pairs(char *pairs, size_t len);

}  // namespace mortise::python
