// Applications that a framework's own configuration file describes: --paste, --ini-paste, --pecan.
#pragma once

#include <string>

#include "cpython.h"

namespace mortise::python {

// The application that PasteDeploy makes of "config:file.ini" or "egg:name". Empty with an exception set.
// [with the GIL]
PyRef load_paste(const std::string &uri);

// The application that Pecan makes of its configuration file. Empty with an exception set. [with the GIL]
PyRef load_pecan(const std::string &file);

}  // namespace mortise::python
