// The environ of a request (PEP 3333): a prepared dict is copied, then the request's variables are put in,
// decoded as latin-1. Names are str objects made once; values that tend to repeat are kept, too.
#pragma once

#include "interpreter.h"

#include <uwsgi.h>

namespace mortise::python {

// What every request's environ begins as. Empty with an exception set. [with the GIL]
PyRef make_environ_template(const Interpreter &);

// environ of a request, but for wsgi.input. Empty with an exception set. [request, with the GIL]
PyRef make_environ(Interpreter &, const Application &, const wsgi_request *request);

}  // namespace mortise::python
