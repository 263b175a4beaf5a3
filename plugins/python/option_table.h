// The options of the plugin: a constant, which the server reads from the file before any code runs.
#pragma once

#include <uwsgi.h>

namespace mortise::python {

extern uwsgi_option option_table[];

}  // namespace mortise::python
