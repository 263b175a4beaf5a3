// Where the shipped plugins, the SDK and its tool are: beside the server's file (or libmortise) in a build
// tree, below the same prefix when installed, so that an installation can be moved.
#pragma once

#include <string>

namespace mortise {

// Folder of the shipped plugins.
std::string builtin_plugin_folder();

// Folder that -I needs for <uwsgi.h>.
std::string sdk_include_folder();

// Path of mortise-plugin, the tool that builds and inspects plugins.
std::string plugin_tool_path();

// What to execute to have this program again: its own file, or the launcher of ours that put the server into
// another program and said so (MORTISE_PROGRAM, which is gone afterwards: it is nothing for children).
// malloc'ed. [at the start]
char *program_path();

}  // namespace mortise
