#include "kernel/plugin_loader.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "config/options.h"
#include "kernel/embedded_plugins.h"
#include "kernel/log.h"
#include "kernel/plugin_registry.h"
#include "sdk/inspect/known_plugins.h"
#include "sdk/inspect/plugin_file.h"
#include "sdk/inspect/plugin_folders.h"
#include "sdk/runtime/crash_guard.h"
#include "sdk/runtime/strings.h"

namespace mortise {

namespace {

constexpr const char *kDigits = "0123456789";

// What one item of --plugin says.
struct Item {
  std::string name;
  std::string before;  // function to call before the plugin is registered
  int slot = -1;
};

Item parse_item(std::string_view text) {
  Item item;
  size_t colon = text.find_first_not_of(kDigits);
  const size_t slot = colon < 4 ? uwsgi_str_num(text.data(), static_cast<int>(colon)) : 256;
  if (colon > 0 && slot < 256 && text[colon] == ':') {
    item.slot = static_cast<int>(slot);
    text.remove_prefix(colon + 1);
  }
  size_t bar = text.find('|');
  if (bar != std::string_view::npos) {
    item.before = text.substr(bar + 1);
    text = text.substr(0, bar);
  }
  item.name = text;
  return item;
}

const EmbeddedPlugin *find_embedded(const std::string &name) {
  for (const EmbeddedPlugin *plugin = embedded_plugins; plugin->name; ++plugin)
    if (name == plugin->name || name == plugin->table->name) return plugin;
  return nullptr;
}

const PluginIndex &index_of_embedded() {
  static const PluginIndex index = *PluginIndex::parse(embedded_index, "embedded plugins");
  return index;
}

void take_in(uwsgi_plugin *plugin, int slot) {
  const auto &all = loaded_plugins();
  if (std::find(all.begin(), all.end(), plugin) != all.end()) return;
  register_plugin(plugin, slot);
  if (plugin->options) option_table().add(plugin->name, plugin->options);
  call_hook(plugin, &uwsgi_plugin::on_load, "on_load");
}

Error not_loaded(const std::string &name, std::string why, std::string hint) {
  return Error{"load plugin '" + name + "'", std::move(why), std::move(hint), kExitPlugin};
}

}  // namespace

PluginLoader &plugin_loader() {
  static PluginLoader loader;
  return loader;
}

void PluginLoader::add_folder(std::string path) {
  folders_.push_back(std::move(path));
  indexed_ = false;
}

std::vector<std::string> PluginLoader::folders() const {
  std::vector<std::string> all = folders_;
  all.push_back(builtin_plugin_folder());
  return all;
}

const std::vector<PluginIndex> &PluginLoader::indexes() {
  if (std::exchange(indexed_, true)) return indexes_;
  indexes_ = {index_of_embedded()};
  for (const std::string &folder : folders()) {
    auto index = open_plugin_index(folder);
    // A program that brings its plugins may have no folder of them.
    bool expected = !embedded_plugins->name || indexes_.size() <= folders_.size();
    if (!index && expected)
      log_warning("%s (its plugins are found by name only)", index.error().message().c_str());
    indexes_.push_back(index ? std::move(*index) : PluginIndex());
  }
  return indexes_;
}

std::vector<std::string> PluginLoader::names() {
  std::vector<std::string> all;
  for (const PluginIndex &index : indexes())
    for (const auto &[file, name] : index.files())
      if (!name.empty()) all.push_back(name);
  return all;
}

// A file of a given folder that was refused (uWSGI's own) does not hide one that can be loaded.
Result<std::string> PluginLoader::find(const std::string &name) {
  if (name.find('/') != std::string::npos) {
    if (access(name.c_str(), R_OK) == 0) return name;
    return system_error("load plugin '" + name + "'", errno, "build it: mortise --build-plugin SOURCE",
                        kExitPlugin);
  }
  std::string tried, refused;
  const PluginIndex *index = indexes().data();
  for (const std::string &folder : folders()) {
    const std::string file = name + "_plugin.so", path = folder + "/" + file;
    const bool refuses = (++index)->has_refused(file);
    if (access(path.c_str(), R_OK) != 0)
      tried += (tried.empty() ? "" : ", ") + path;
    else if (!refuses)
      return path;
    else if (refused.empty())
      refused = path;
  }
  if (!refused.empty()) return describe_plugin(refused).error();
  return not_loaded(name, "there is no " + tried, missing_plugin_hint(name));
}

Result<void> PluginLoader::load(std::string_view text) {
  Item item = parse_item(text);
  if (item.name.empty())
    return not_loaded(std::string(text), "the name is empty", "name a plugin or its file");
  if (auto ours = own_plugin_for(item.name); !ours.empty() && !find(item.name)) item.name = ours;
  if (item.name == "kernel") return {};
  if (const EmbeddedPlugin *embedded = find_embedded(item.name)) {
    auto provided = load_providers(embedded->name, split_quoted(embedded->needs, " "));
    if (!provided) return provided.error();
    take_in(embedded->table, item.slot);
    return {};
  }
  if (find_plugin(item.name)) return {};
  auto path = find(item.name);
  if (!path) return path.error();
  return load_file(item.name, *path, item.slot, item.before);
}

Result<void> PluginLoader::load_file(const std::string &name, const std::string &path, int slot,
                                     const std::string &before) {
  auto description = describe_plugin(path);
  if (!description) return description.error();
  auto provided = load_providers(path, description->undefined_uwsgi, description->loads);
  if (!provided) return provided.error();

  // Binds all symbols before any of its code runs; never closed, since its code may run until the end.
  const CrashGuard guard(path, CrashGuard::Moment::kLoading);
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!library && !provided->empty())
    return not_loaded(path,
                      "it needs the function " + *provided + ", which neither this server nor a plugin has",
                      "add the folder of the plugin that has it: --plugin-dir FOLDER");
  if (!library)
    return not_loaded(name, dlerror(), "install the library that is missing, or build the plugin again");
  auto *plugin = static_cast<uwsgi_plugin *>(dlsym(library, description->symbol.c_str()));
  if (!plugin || !plugin->name) return nameless_plugin(*description);
  if (!before.empty()) {
    auto *function = reinterpret_cast<void (*)()>(dlsym(library, before.c_str()));
    if (!function)
      return not_loaded(name, "it has no function '" + before + "'", "correct what follows the |");
    function();
  }
  take_in(plugin, slot);
  return {};
}

Result<std::string> PluginLoader::load_providers(const std::string &plugin,
                                                 const std::vector<std::string> &symbols,
                                                 const std::vector<std::string> &names) {
  if (std::find(loading_.begin(), loading_.end(), plugin) != loading_.end()) {
    std::string cycle;
    for (const std::string &step : loading_) cycle += step + " -> ";
    return not_loaded(plugin, "plugins need each other: " + cycle + plugin,
                      "one of them must not need the other");
  }
  loading_.push_back(plugin);
  std::string missing;
  Result<void> done;
  for (const std::string &name : names) {
    const std::string sibling = plugin.substr(0, plugin.rfind('/') + 1) + name + "_plugin.so";
    const bool beside = !find_plugin(name) && !find(name) && access(sibling.c_str(), R_OK) == 0;
    if (done) done = load(beside ? sibling : name);
  }
  for (const std::string &symbol : symbols) {
    if (!done) break;
    // The functions of an embedded plugin are there before it is loaded, but nothing is behind them.
    const std::string *provider = index_of_embedded().provider_of(symbol);
    if (!provider && dlsym(RTLD_DEFAULT, symbol.c_str())) continue;
    for (const PluginIndex &index : indexes())
      if (!provider) provider = index.provider_of(symbol);
    if (!provider && missing.empty()) missing = symbol;
    if (provider) done = load(std::string(*provider));
  }
  loading_.pop_back();
  if (!done) return done.error();
  return missing;
}

Result<bool> PluginLoader::load_for_option(std::string_view option) {
  for (const PluginIndex &index : indexes()) {
    const std::string *name = index.plugin_for_option(option);
    if (!name || find_plugin(*name)) continue;
    if (auto done = load(std::string(*name)); !done) return done.error();
    return true;
  }
  return false;
}

}  // namespace mortise

extern "C" int uwsgi_load_plugin(const char *name) {
  static std::recursive_mutex one_at_a_time;  // it may load another one
  const std::lock_guard lock(one_at_a_time);
  auto done = mortise::plugin_loader().load(name);
  if (!done) mortise::log_error(done.error());
  return done ? 0 : -1;
}
