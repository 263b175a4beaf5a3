// An exception of the application, for handlers of exceptions (`exception-handler`): the hooks by which they
// ask what it is while they are told of it.
#pragma once

#include <uwsgi.h>

#include "cpython.h"

namespace mortise::python {

// Tells the handlers, where there are any. [with the GIL]
void tell_exception_handlers(wsgi_request *request, PyObject *exception);

// Each a new buffer, or NULL; for the exception that this thread tells of.
uwsgi_buffer *exception_class(wsgi_request *);
uwsgi_buffer *exception_text(wsgi_request *);
uwsgi_buffer *exception_repr(wsgi_request *);
// Packed strings, five for each frame: file, line, function, and two that are empty.
uwsgi_buffer *exception_backtrace(wsgi_request *);

}  // namespace mortise::python
