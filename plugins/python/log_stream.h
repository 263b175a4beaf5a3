// wsgi.errors: a text stream whose lines go to the server log.
#pragma once

#include "interpreter.h"

namespace mortise::python {

// Makes the type; false with an exception set.
bool create_log_stream_type(Interpreter &);

// A new stream; empty with an exception set. It has write(str), writelines(), flush(). [with the GIL]
PyRef make_log_stream(const Interpreter &);

}  // namespace mortise::python
