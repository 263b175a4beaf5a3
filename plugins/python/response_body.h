// The response body: what an application returned, sent to the client.
#pragma once

#include "cpython.h"

#include <uwsgi.h>

namespace mortise::python {

class Exchange;

enum class BodyResult {
  kSent,     // or the client is gone, which is no error of the application's
  kRaised,   // an exception is set
  kRefused,  // not a WSGI body; the log says why
  kAgain,    // it waits, and is continued by another call; async mode without coroutines
};

// Sends a result of an application: a list or tuple as a whole, with its length where the application gave
// none; a file with sendfile(2); anything else item by item. [request, with the GIL]
BodyResult send_body(Exchange &exchange, PyObject *result);

// Sends one item. False when the client is gone.
bool send_chunk(wsgi_request *request, PyObject *bytes);

}  // namespace mortise::python
