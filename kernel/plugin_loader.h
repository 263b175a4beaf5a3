// From a name to a loaded plugin: finds it in this program or as a file, checks the file's ABI note before
// any of its code can run, loads the providers of the symbols that it needs, opens it, puts it into the
// registry.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/result.h"
#include "sdk/inspect/plugin_index.h"

namespace mortise {

class PluginLoader {
 public:
  // Adds a folder of --plugin-dir; searched in order, the built-in one last. [load]
  void add_folder(std::string path);

  // Loads one item of --plugin: "name", "./path/x_plugin.so", "N:name" (slot N), "name|func" (calls func
  // first). Calls its on_load. Loading what is loaded already is no error. The name of one of uWSGI's
  // plugins, where no file has it, means ours that does its work. [load]
  Result<void> load(std::string_view item);

  // Loads the plugin that has this command line option; false: none has it. [load]
  Result<bool> load_for_option(std::string_view option);

  // The plugins that can be loaded by name, those of this program first; a name may come twice.
  std::vector<std::string> names();

  // The folders in which plugins are searched.
  std::vector<std::string> folders() const;

 private:
  Result<std::string> find(const std::string &name);
  Result<void> load_file(const std::string &name, const std::string &path, int slot,
                         const std::string &before);
  // Loads the plugins of these names, and those that have these functions; the name of a function that nobody
  // has, which a library of the plugin may still have.
  Result<std::string> load_providers(const std::string &plugin, const std::vector<std::string> &symbols,
                                     const std::vector<std::string> &names = {});
  const std::vector<PluginIndex> &indexes();

  std::vector<std::string> folders_;
  std::vector<PluginIndex> indexes_;
  bool indexed_ = false;
  std::vector<std::string> loading_;  // for cycles
};

PluginLoader &plugin_loader();

}  // namespace mortise
