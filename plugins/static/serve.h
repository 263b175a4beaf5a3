// Files from a worker: before routes and application, and off its core where there are offload threads.
#pragma once

namespace mortise::files {

// Puts itself before whatever acts on requests. [master, when all plugins have started]
void serve_before_routes();

}  // namespace mortise::files
