// wsgi.input (PEP 3333): the request's body, read from the client when the application asks for it.
#pragma once

#include "exchange.h"

namespace mortise::python {

bool create_input_type(Interpreter &);  // false with an exception set

}  // namespace mortise::python
