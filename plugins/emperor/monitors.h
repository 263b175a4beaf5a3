// Where vassals come from: scanners made of the `emperor` options, by monitors that plugins register or by
// the two of this plugin, a folder and a pattern.
#pragma once

#include <uwsgi.h>

namespace mortise::emperor {

// Finds the monitor of each source; ends the server where there is none. [master, before fork]
void choose_monitors();
// [emperor]
void start_scanners();
// The one with this argument; null where there is none. [emperor]
uwsgi_emperor_scanner *scanner_of(const char *argument);
// Lets each scanner look. [emperor, every emperor-freq seconds]
void scan();
// A descriptor is readable: true where a scanner had asked for it.
bool scanner_event(int fd);

}  // namespace mortise::emperor
