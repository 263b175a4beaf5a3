// Files whose changes raise user signals. The list is in shared memory and only grows; the master looks at
// the files.
#pragma once

namespace mortise::timers {

// [master, before fork]
void create_file_monitors();
// Raises the signals of files that changed, came or went since the last look. [master, once a second]
void look_at_files();

}  // namespace mortise::timers
