// --build-plugin: from one source file to a plugin that this server accepts.
#pragma once

#include <string>

#include "kernel/result.h"

namespace mortise {

// Compiles a .c file with $CC (cc), a .cc, .cpp or .cxx file with $CXX (c++) against the server's own SDK
// into NAME_plugin.so in the working directory; $CFLAGS, $CXXFLAGS and $LDFLAGS are passed on. An empty name
// is taken from the file's. The path of the result, relative to the working directory.
Result<std::string> build_plugin(const std::string &source, std::string name);

}  // namespace mortise
