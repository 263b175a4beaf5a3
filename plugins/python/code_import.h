// Modules by name and files by path, as module objects.
#pragma once

#include <string>

#include "cpython.h"

#include <uwsgi.h>

namespace mortise::python {

// True for what names a file: it has a slash or ends in .py.
bool names_a_file(const std::string &name);

// Runs a source file as a new module of that name and returns the module; its folder comes first in sys.path.
// Empty with an exception set. [with the GIL]
PyRef run_file(const std::string &path, const std::string &module_name);

// Imports a module ("pkg.mod") or runs a file under its own name without suffix. Empty with an exception set.
// [with the GIL]
PyRef import_by_name(const std::string &name);

// Puts modules under other names into sys.modules: each item is name=module or name=file.py. False with the
// reason in the log. [with the GIL]
bool set_aliases(const uwsgi_string_list *list);

}  // namespace mortise::python
