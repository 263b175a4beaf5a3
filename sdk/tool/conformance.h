// mortise plugin test: does a plugin do what the server relies on? Each check runs in a server of its own.
#pragma once

#include <string>
#include <vector>

#include "kernel/result.h"

namespace mortise {

// Runs all checks that apply to the plugin, prints a line for each, and returns how many failed. `arguments`
// are given to every server, for plugins that need options.
Result<int> test_plugin(const std::string &file, const std::vector<std::string> &arguments);

}  // namespace mortise
