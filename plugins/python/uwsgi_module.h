// The module `uwsgi`, which exists only inside the server. Its functions are in uwsgi_*.cpp, by what they act
// on.
#pragma once

#include "cpython.h"

namespace mortise::python {

// Makes `import uwsgi` possible. [before the interpreter starts]
void offer_uwsgi_module();

// Imports it for good; false with an exception set. [with the GIL]
struct Interpreter;
bool create_uwsgi_module(Interpreter &);

// Sets what was not known when it was made. [before applications are loaded, with the GIL]
void refresh_uwsgi_module();

// An attribute that applications may have set; empty when it is absent or None. [with the GIL]
PyRef uwsgi_module_attribute(const char *name);

// Functions, by file.
extern PyMethodDef server_functions[];
extern PyMethodDef request_functions[];
extern PyMethodDef signal_functions[];
extern PyMethodDef timer_functions[];
extern PyMethodDef lock_functions[];
extern PyMethodDef wait_functions[];
extern PyMethodDef connection_functions[];
extern PyMethodDef body_functions[];
extern PyMethodDef file_functions[];
extern PyMethodDef legion_functions[];

// uwsgi.opt: the options as given (bytes, or True for a bare one) and those of the defaults that monitoring
// agents look for. Empty with an exception set.
PyRef make_option_dict();

}  // namespace mortise::python
