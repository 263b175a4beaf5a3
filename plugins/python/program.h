// Python programs that run in the server's place: --pyrun, --pyshell, --test, --python-worker-override.
#pragma once

#include <string>

namespace mortise::python {

// Hook post_init: runs what --test, --pyrun or --pyshell name, with the module uwsgi at hand, and ends the
// server with its status; returns where nothing of that was asked for. [master]
void run_program_instead();

// Runs a file as __main__, with sys.argv[0]: its exit status. A traceback goes to the log. [with the GIL]
int run_as_main(const std::string &path);

// Hook fixup, part of: runs the file of --python-worker-override as the worker's whole work and ends the
// worker with its status; returns where there is none. [worker]
void run_worker_override();

}  // namespace mortise::python
