// What a plugin's file says, for people.
#pragma once

#include <string>

#include "sdk/inspect/plugin_file.h"

namespace mortise {

// Prints one plugin: ABI, table, hooks, options, functions it needs and provides.
void print_plugin(const PluginDescription &plugin);

// Prints a line for each plugin of a folder, refused ones with their reason.
Result<void> list_plugins(const std::string &folder);

}  // namespace mortise
