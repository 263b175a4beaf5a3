// The functions of librrd that are needed. The library is opened when somebody asks for it: most servers do
// without.
#pragma once

#include <string>
#include <vector>

namespace mortise::rrdtool {

// nullptr name: librrd.so or librrd.so.8. False with a message where it is missing.
bool open_library(const char *name);

// "create FILE …" and "update FILE …", as rrdtool's commands have them. False with a message where they fail.
bool run(std::vector<std::string> command);

}  // namespace mortise::rrdtool
