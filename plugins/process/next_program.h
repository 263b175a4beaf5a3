// binary-path: which program a reload executes.
#pragma once

namespace mortise::process {

// Callback of the option. A file of uWSGI's or none at all, which configurations of uWSGI name, is left aside
// with a warning: no reload would succeed with it. [load]
void set_next_program(char *name, char *path, void *);

}  // namespace mortise::process
