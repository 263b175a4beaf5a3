// Where the SDK's scripts and templates are, and the server that this tool belongs to.
#pragma once

#include <string>

namespace mortise {

// Path of a file of the SDK: beside this program in a build tree, in ../share/mortise when installed.
std::string data_file(const std::string &name);

// Path of mortise, beside this program.
std::string server_file();

}  // namespace mortise
