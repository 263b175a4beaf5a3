// The master's event loop: signals, children, deadlines and the descriptors that plugins registered. Nothing
// it does may block.
#pragma once

#include <functional>

#include "kernel/supervisor.h"

namespace mortise {

struct MasterCallbacks {
  std::function<void()> ready = [] {};    // once: each worker serves
  std::function<void()> cycle = [] {};    // each turn of the loop, at least once a second
  std::function<void()> cleanup = [] {};  // when the last child has ended
};

// Runs the supervised processes until the server has stopped; returns its exit status. Children run inside
// (their role's body) and never return from it. Signals are blocked if block_master_signals() was not called
// before.
int run_master(Supervisor &supervisor, const MasterCallbacks &callbacks);

// Also owned here: uwsgi_master_add_fd().

}  // namespace mortise
