// sys.path: where applications are found.
#pragma once

#include <string>

namespace mortise::python {

// Puts a folder in front, unless it is in sys.path already. [with the GIL]
void prepend_to_path(const std::string &folder);

// The current folder and those of --pythonpath, the last one first as in uWSGI. [with the GIL]
void set_up_path();

// Absolute form of a path, symbolic links kept; and the folder that it is in.
std::string absolute_path(const std::string &path);
std::string folder_of(const std::string &path);

}  // namespace mortise::python
