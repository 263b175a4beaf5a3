// Which application is meant, and how to get at it: a file or a module, and the callable in it.
#pragma once

#include <string>

#include "cpython.h"

namespace mortise::python {

struct ApplicationSource {
  std::string file, module, callable;  // no callable: the usual names
  std::string code, paste, pecan;      // see options.h

  bool empty() const;
  std::string description() const;
};

// From "path/app.py", "pkg.mod" or "pkg.mod:callable".
ApplicationSource source_of(const std::string &spec);

// The same for --mount, where "site.wsgi" may also be a file of this name.
ApplicationSource source_of_mount(const std::string &spec);

// From --module, --wsgi-file and so on, the first of them as in uWSGI, and --callable; empty where there is
// none.
ApplicationSource configured_source();

// Warns of the others.
void tell_unused_sources();

// Whether options are about an application that they do not name (module = :, callable alone); the log says
// so.
bool tell_empty_source();

// Imports the module or runs the file, and finds the callable in it: "name", "object.attribute" or
// "factory()". Empty with an exception set. [with the GIL]
PyRef load_callable(const ApplicationSource &source);

// Hook magic: takes a bare argument that names a Python file or module:callable. 1 if it did.
int accept_bare_argument(char *mountpoint, char *argument);

}  // namespace mortise::python
