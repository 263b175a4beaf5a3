// The kinds of alarms that need no plugin: cmd, log, mule, signal.
#pragma once

namespace mortise::alarms {

void add_built_in_alarms();  // [load]

// Takes notice of commands that have ended; whether others still run. [alarms process]
bool reap_commands();

}  // namespace mortise::alarms
