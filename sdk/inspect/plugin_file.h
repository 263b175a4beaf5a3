// What a plugin is, told from its file without running it: hooks, options, functions that it takes and gives.
#pragma once

#include <string>
#include <vector>

#include "sdk/inspect/plugin_abi.h"

namespace mortise {

struct OptionDescription {
  std::string name;
  int argument = 0;  // no_argument, required_argument or optional_argument of getopt_long(3)
  std::string help;
  char shortcut = 0;  // 'w' of -w; 0: none
};

struct PluginDescription {
  std::string path;
  std::string symbol;  // of the hook table
  std::string name;    // that the table gives
  AbiNote note{};
  uint64_t table_size = 0;  // members that end behind so many bytes are not there
  // The table is empty in the file: a constructor fills it, as in C++ those of derived structures do. Its
  // hooks and options are told by nobody before it was loaded, and the name is the symbol's.
  bool filled_by_constructor = false;
  uint8_t modifier1 = 0;
  std::vector<std::string> hooks;  // that are set, in the table's order
  std::vector<OptionDescription> options;
  std::vector<std::string> undefined_uwsgi;  // functions of the plugin API that it calls
  std::vector<std::string> provides;         // functions of the plugin API that it exports
  std::vector<std::string> loads;            // plugins that are to be loaded first: REQUIRES of its recipe
  std::vector<std::string> needed;           // libraries
};

// What a file is; one that this server cannot load is an Error that says why.
Result<PluginDescription> describe_plugin(const std::string &path);

// The same of bytes. `symbols`, at least one, are the names to try for the table; `path` is for messages.
Result<PluginDescription> describe_plugin_bytes(std::string_view bytes, const std::string &path,
                                                const std::vector<std::string> &symbols);

// Of a plugin whose table has no name even after it was loaded, when constructors have run.
Error nameless_plugin(const PluginDescription &plugin);

// The table's name in a file of this name: that of "./foo-bar_plugin.so" is "foo_bar_plugin".
std::string table_symbol(std::string_view path);

}  // namespace mortise
