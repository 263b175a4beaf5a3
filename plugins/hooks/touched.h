// Files whose change runs something: touch-exec, touch-signal, hook-touch; each `path what`.
#pragma once

#include <uwsgi.h>

namespace mortise::hooks {

// Option callbacks; data is the kind, "exec", "signal" or "hook".
void add_touched(char *name, char *value, void *kind);

void look_at_touched_files();  // [master], each turn; does something once a second

}  // namespace mortise::hooks
