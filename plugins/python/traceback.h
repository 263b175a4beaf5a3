// Exceptions that end in the server log.
#pragma once

#include <string>

#include "cpython.h"

namespace mortise::python {

// Writes the exception being raised to the log: "context:" and its traceback below; clears it. SystemExit is
// one like any other. Nothing happens when none is raised. [with the GIL]
void log_exception(const std::string &context);

// The traceback of an exception as Python prints it, in UTF-8, with a newline at its end.
std::string format_exception(PyObject *exception);

}  // namespace mortise::python
