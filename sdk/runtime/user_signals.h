// 256 numbered events between the server's processes: who receives one is shared, the handler is each
// process' own (applications are loaded after the fork, so a handler's address means nothing elsewhere).
#pragma once

#include <uwsgi.h>

#include "kernel/result.h"

namespace mortise {

// Shared table and the pipes of all workers. [master, before fork]
Result<void> create_user_signals();

// Sets uwsgi.signal_socket and my_signal_socket for this worker. [worker, after fork]
void adopt_user_signals(int wid);

}  // namespace mortise
