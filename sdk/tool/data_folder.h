// Where the SDK's scripts and templates are.
#pragma once

#include <string>

namespace mortise {

// Path of a file of the SDK: beside this program in a build tree, in ../share/mortise when installed.
std::string data_file(const std::string &name);

}  // namespace mortise
