// The loop `async`: accepts, reads heads, and gives each request its turns.
#pragma once

namespace mortise::async {

// Until the worker is to stop and its requests are done. [worker]
void run_loop();

}  // namespace mortise::async
