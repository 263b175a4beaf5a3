// --build-plugin: from sources to a plugin that this server accepts.
#pragma once

#include <string>
#include <vector>

#include "kernel/result.h"

namespace mortise {

// Builds NAME_plugin.so in the working directory from a source file, a folder (recipe.h) or a repository
// (source.h) with $CC (cc) and $CXX (c++) against the server's own SDK; $CFLAGS, $CXXFLAGS and $LDFLAGS are
// passed on, but for -Werror. An empty name is the recipe's; another one than the recipe's is the table's,
// too. The path of the result, relative to the working directory.
Result<std::string> build_plugin(const std::string &source, const std::string &name);

// The flags that compile a plugin, as --cflags prints them and --build-plugin uses them. Those of the
// libraries that <mortise/libraries.h> knows are among them where the compiler finds their headers.
Result<std::vector<std::string>> plugin_cflags();

}  // namespace mortise
