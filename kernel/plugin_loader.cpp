#include "kernel/plugin_loader.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "kernel/log.h"
#include "kernel/options.h"
#include "kernel/plugin_folders.h"
#include "kernel/plugin_registry.h"
#include "sdk/inspect/plugin_file.h"

extern "C" uwsgi_plugin *const mortise_embedded_plugins[];
extern "C" const char *const mortise_embedded_names[];

namespace mortise {

namespace {

// uWSGI's names for its Python plugins, by version, all mean the one that is here.
std::string canonical_name(std::string name) {
  constexpr std::string_view kPython = "python";
  if (!name.starts_with(kPython)) return name;
  bool only_digits =
      std::all_of(name.begin() + kPython.size(), name.end(), [](unsigned char c) { return isdigit(c); });
  return only_digits ? std::string(kPython) : name;
}

// What one item of --plugin says.
struct Item {
  std::string name;
  std::string before;  // function to call before the plugin is registered
  int slot = -1;
};

Item parse_item(std::string_view text) {
  Item item;
  size_t colon = text.find(':');
  if (colon != std::string_view::npos && colon > 0 &&
      std::all_of(text.begin(), text.begin() + colon, [](unsigned char c) { return isdigit(c); })) {
    item.slot = static_cast<int>(uwsgi_str_num(text.data(), static_cast<int>(colon)) & 0xff);
    text.remove_prefix(colon + 1);
  }
  size_t bar = text.find('|');
  if (bar != std::string_view::npos) {
    item.before = text.substr(bar + 1);
    text = text.substr(0, bar);
  }
  item.name = canonical_name(std::string(text));
  return item;
}

uwsgi_plugin *find_embedded(const std::string &name) {
  for (size_t i = 0; mortise_embedded_plugins[i]; ++i)
    if (name == mortise_embedded_names[i] || name == mortise_embedded_plugins[i]->name)
      return mortise_embedded_plugins[i];
  return nullptr;
}

bool is_loaded(const uwsgi_plugin *plugin) {
  const auto &all = loaded_plugins();
  return std::find(all.begin(), all.end(), plugin) != all.end();
}

void take_in(uwsgi_plugin *plugin, int slot) {
  if (is_loaded(plugin)) return;
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
  indexes_.clear();
  for (const std::string &folder : folders()) {
    auto index = open_plugin_index(folder);
    if (!index) log_warning("%s (its plugins are found by name only)", index.error().message().c_str());
    indexes_.push_back(index ? std::move(*index) : PluginIndex());
  }
  return indexes_;
}

Result<std::string> PluginLoader::find(const std::string &name) const {
  if (name.find('/') != std::string::npos) {
    if (access(name.c_str(), R_OK) == 0) return name;
    Error error = system_error("load plugin '" + name + "'", errno, "build it: mortise --build-plugin SOURCE",
                               kExitPlugin);
    return error;
  }
  std::string tried;
  for (const std::string &folder : folders()) {
    std::string path = folder + "/" + name + "_plugin.so";
    if (access(path.c_str(), R_OK) == 0) return path;
    tried += (tried.empty() ? "" : ", ") + path;
  }
  return not_loaded(
      name, "there is no " + tried,
      "correct the name, add --plugin-dir FOLDER, or give a path with a slash; mortise plugin list");
}

Result<void> PluginLoader::load(std::string_view text) {
  Item item = parse_item(text);
  if (item.name.empty())
    return not_loaded(std::string(text), "the name is empty", "name a plugin or its file");
  if (uwsgi_plugin *embedded = find_embedded(item.name)) {
    take_in(embedded, item.slot);
    return {};
  }
  if (find_plugin(item.name)) return {};
  auto path = find(item.name);
  if (!path) return path.error();
  return load_file(item.name, *path, item.slot, item.before);
}

Result<void> PluginLoader::load_file(const std::string &name, const std::string &path, int slot,
                                     const std::string &before) {
  if (std::find(loading_.begin(), loading_.end(), path) != loading_.end()) {
    std::string cycle;
    for (const std::string &step : loading_) cycle += step + " -> ";
    return not_loaded(name, "plugins need each other: " + cycle + path,
                      "one of them must not need the other");
  }
  auto description = describe_plugin(path);
  if (!description) return description.error();
  loading_.push_back(path);
  auto provided = load_providers(description->undefined_uwsgi);
  loading_.pop_back();
  if (!provided) return provided.error();

  // Binds all symbols before any of its code runs; never closed, since its code may run until the end.
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!library && !provided->empty())
    return not_loaded(path,
                      "it needs the function " + *provided + ", which neither this server nor a plugin has",
                      "add the folder of the plugin that has it: --plugin-dir FOLDER");
  if (!library)
    return not_loaded(name, dlerror(), "install the library that is missing, or build the plugin again");
  auto *plugin = static_cast<uwsgi_plugin *>(dlsym(library, description->symbol.c_str()));
  if (!plugin) return not_loaded(name, dlerror(), "build the plugin again");
  if (!before.empty()) {
    auto *function = reinterpret_cast<void (*)()>(dlsym(library, before.c_str()));
    if (!function)
      return not_loaded(name, "it has no function '" + before + "'", "correct what follows the |");
    function();
  }
  take_in(plugin, slot);
  return {};
}

Result<std::string> PluginLoader::load_providers(const std::vector<std::string> &undefined) {
  std::string missing;
  for (const std::string &symbol : undefined) {
    if (dlsym(RTLD_DEFAULT, symbol.c_str())) continue;
    const std::string *provider = nullptr;
    for (const PluginIndex &index : indexes())
      if (!provider) provider = index.provider_of(symbol);
    if (!provider) {
      if (missing.empty()) missing = symbol;
      continue;
    }
    std::string name = *provider;
    if (auto done = load(name); !done) return done.error();
  }
  return missing;
}

Result<bool> PluginLoader::load_for_option(std::string_view option) {
  for (size_t i = 0; mortise_embedded_plugins[i]; ++i) {
    uwsgi_plugin *plugin = mortise_embedded_plugins[i];
    for (const uwsgi_option *row = plugin->options; row && row->name; ++row) {
      bool is_shortcut = option.size() == 2 && option[0] == '-' && option[1] == row->shortcut;
      if ((option != row->name && !is_shortcut) || is_loaded(plugin)) continue;
      take_in(plugin, -1);
      return true;
    }
  }
  for (const PluginIndex &index : indexes()) {
    const std::string *name = index.plugin_for_option(option);
    if (!name || find_plugin(*name)) continue;
    std::string copy = *name;
    if (auto done = load(copy); !done) return done.error();
    return true;
  }
  return false;
}

}  // namespace mortise

extern "C" int uwsgi_load_plugin(const char *name) {
  auto done = mortise::plugin_loader().load(name);
  if (!done) mortise::log_error(done.error());
  return done ? 0 : -1;
}
