// The process that owns the log: reads what all others write, and gives it to the loggers. The part of it
// that reads never waits for a disk, a network or a command, so nobody who writes lines does.
#pragma once

namespace mortise::logging {

// Whether the options ask for it; makes chains and pipes, registers the role. False, and the log says why.
// [master]
bool prepare_logger_process();
bool has_logger_process();

// What is still in the pipes once that process has ended: written by the master, when it ends itself.
void write_rest();

}  // namespace mortise::logging
