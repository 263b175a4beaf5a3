// The phases of the server after its configuration, in the order in which they happen; main.cpp is their
// table. Each is called once.
#pragma once

#include "kernel/result.h"

namespace mortise {

// chdir, environment, umask, descriptors: what the rest of the start depends on.
Result<void> prepare_process();

// The hooks jail, before_privileges_drop and init of plugins without a request hook.
Result<void> start_generic_plugins();

// Shared memory, locks, signals between processes.
Result<void> create_shared_state();

// Listening sockets and their protocols.
Result<void> bind_sockets();

// init of plugins with a request hook, then post_init of all, then enable_threads.
Result<void> start_request_plugins();

// With --preload (lazy-apps = false): the applications, in the master.
Result<void> preload_applications();

// Forks the processes and supervises them until the server has stopped; the exit status. Where the phases
// before failed after a reload, supervises what the generation before left.
Result<int> supervise(const std::string &failure);

// In a trial, instead: starts a worker in this process up to its readiness, and ends with its status.
[[noreturn]] int run_trial();

}  // namespace mortise
