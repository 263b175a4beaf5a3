// The applications of a worker: struct uwsgi_app and the search for the one that a request names.
#pragma once

#include <uwsgi.h>

#include "kernel/result.h"

namespace mortise {

// Their pointers mean something in one process only, and a worker lives beside its successor for a while:
// gives this worker its own copy of what was preloaded, in place of the memory that it shares with them.
// [worker, first of all]
Result<void> own_apps(int wid);

}  // namespace mortise
