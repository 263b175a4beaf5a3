// log-alarm: alarms that are raised when a line of the log matches a pattern.
#pragma once

#include <cstddef>

namespace mortise::alarms {

// Compiles the patterns of log-alarm and not-log-alarm and has the log watched. False with a message where one is
// wrong. [master, before the fork]
bool watch_log();

// Raises what has a pattern for this line. What alarms log themselves is left out. [the process that owns the log]
void check_line(const char *line, size_t len);

}  // namespace mortise::alarms
