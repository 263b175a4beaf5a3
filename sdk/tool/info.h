// What a plugin's file says, for people and, as JSON, for programs.
#pragma once

#include <map>
#include <string>

#include "sdk/inspect/plugin_file.h"

namespace mortise {

// Who has the functions that a plugin calls: the server, a plugin in its own folder or in the built-in one.
class Providers {
 public:
  explicit Providers(const std::string &file);
  // "server", the name of a plugin, or empty: nobody that is known here.
  std::string of(const std::string &symbol) const;

 private:
  std::map<std::string, std::string> plugins_;  // by symbol
};

// Prints one plugin: ABI, table, hooks, options, functions it needs and who has them, verdict. False: it
// cannot be loaded as things are.
bool print_plugin(const PluginDescription &plugin);

// The same as a JSON object; of a refused one what the Error says.
std::string json_of(const PluginDescription &plugin);
std::string json_of(const std::string &path, const Error &refusal);

// Prints a line for each plugin of a folder, refused ones with their reason.
Result<void> list_plugins(const std::string &folder);

}  // namespace mortise
