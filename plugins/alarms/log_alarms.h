// log-alarm: alarms that are raised when a line of the log matches a pattern.
#pragma once

#include <cstddef>

namespace mortise::alarms {

// Has the lines of the log shown to check_line(); loads the plugin that has them. False with a message where
// it is missing. [load]
bool watch_log();

// Compiles the patterns of log-alarm and not-log-alarm. False with a message where one is wrong, or is for an
// alarm that is not configured. [master, before the fork]
bool compile_log_alarms();

// Raises what has a pattern for this line. What alarms log themselves is left out. [the process that owns the
// log]
void check_line(const char *line, size_t len);

}  // namespace mortise::alarms
