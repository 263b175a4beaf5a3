// A folder of files, each an environment variable, as envdir(8) of daemontools has them.
#pragma once

namespace mortise::process {

// Callback of the option: the name of each file is a variable, what is in it the value, without blanks and
// line ends at its end, NUL for a line's end; an empty file takes the variable away. Hidden files are none of
// it. A folder that cannot be read ends the start. [load]
void read_environment_folder(char *name, char *folder, void *);

}  // namespace mortise::process
