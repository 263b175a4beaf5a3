// Which plugin of a folder has an option or provides a function: plugins.index, made of the descriptions of
// its files. Where it is missing or does not fit the files, these are read instead.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sdk/inspect/plugin_file.h"

namespace mortise {

class PluginIndex {
 public:
  // Reads the text of an index; `path` is for messages. Lines of an unknown kind are left to later versions.
  static Result<PluginIndex> parse(std::string_view text, const std::string &path);
  std::string text() const;

  // Adds a plugin. Where two have the same option or function, the first one stays.
  void add(const PluginDescription &plugin);
  // Remembers a file that was refused, so that an index is known to be complete.
  void add_refused(const std::string &file) { files_.emplace(file, ""); }

  // Name of a plugin ("http" of http_plugin.so); nullptr: none. A shortcut is the option "-w".
  const std::string *plugin_for_option(std::string_view option) const { return find(options_, option); }
  const std::string *provider_of(std::string_view symbol) const { return find(symbols_, symbol); }
  // Names of the plugins by their files' names; empty for the refused ones.
  const auto &files() const { return files_; }
  bool has_refused(const std::string &file) const {
    auto found = files_.find(file);
    return found != files_.end() && found->second.empty();
  }

 private:
  using Names = std::map<std::string, std::string, std::less<>>;
  static const std::string *find(const Names &names, std::string_view key);

  Names files_, options_, symbols_;
};

// Describes every *_plugin.so of a folder. One that is refused is left out, with a warning in the log.
Result<PluginIndex> scan_plugin_folder(const std::string &folder);

// The folder's plugins.index; a scan where it is missing, damaged, older than a plugin, or of other files.
Result<PluginIndex> open_plugin_index(const std::string &folder);

// Scans a folder and writes its plugins.index, whole or not at all.
Result<void> write_plugin_index(const std::string &folder);

}  // namespace mortise
