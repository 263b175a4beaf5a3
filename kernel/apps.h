// The applications of a worker: struct uwsgi_app and the search for the one that a request names.
#pragma once

#include <uwsgi.h>

namespace mortise {

// Applications loaded so far in this process. [worker, master before fork]
int apps_loaded();

}  // namespace mortise
