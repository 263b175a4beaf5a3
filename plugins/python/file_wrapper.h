// wsgi.file_wrapper (PEP 3333): an iterable over a file, which the server may send without reading it.
#pragma once

#include "interpreter.h"

namespace mortise::python {

bool create_file_wrapper_type(Interpreter &);  // false with an exception set

// What sendfile(2) needs.
struct FileSource {
  int fd = -1;
  size_t position = 0;
  size_t bytes = 0;  // from there to the end
};

// True when the result of an application is a file_wrapper around a regular file that Python's io opened.
// Anything that only looks like a file is read instead: BytesIO has no descriptor, and the one of a GzipFile
// has other contents.
bool find_file_source(const Interpreter &, PyObject *result, FileSource *source);

}  // namespace mortise::python
