#include "sdk/tool/info.h"

#include <dirent.h>
#include <dlfcn.h>
#include <getopt.h>
#include <uwsgi.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "sdk/inspect/plugin_folders.h"
#include "sdk/inspect/plugin_index.h"
#include "sdk/tool/json.h"

namespace mortise {

namespace {

void print_names(const char *title, const std::vector<std::string> &names) {
  if (names.empty()) return;
  printf("  %-10s", title);
  for (const std::string &name : names) printf(" %s", name.c_str());
  printf("\n");
}

const char *argument_text(int argument) {
  return argument == required_argument ? " VALUE" : argument == optional_argument ? " [VALUE]" : "";
}

bool answers_requests(const PluginDescription &plugin) {
  return std::find(plugin.hooks.begin(), plugin.hooks.end(), "request") != plugin.hooks.end();
}

// Names of the plugin API that nobody is known to have. A library that the plugin needs may have them.
std::vector<std::string> lacking(const PluginDescription &plugin, const Providers &providers) {
  std::vector<std::string> names;
  for (const std::string &symbol : plugin.undefined_uwsgi)
    if (providers.of(symbol).empty()) names.push_back(symbol);
  return names;
}

void write_options(JsonWriter &json, const PluginDescription &plugin) {
  json.key("options").begin('[');
  for (const OptionDescription &option : plugin.options) {
    const char *argument = option.argument == required_argument   ? "required"
                           : option.argument == optional_argument ? "optional"
                                                                  : "none";
    json.begin('{').key("name").string(option.name).key("argument").string(argument);
    if (option.shortcut) json.key("shortcut").string({&option.shortcut, 1});
    json.key("help").string(option.help).end('}');
  }
  json.end(']');
}

}  // namespace

Providers::Providers(const std::string &file) {
  const size_t slash = file.rfind('/');
  for (const std::string &folder :
       {file.substr(0, slash == file.npos ? 0 : slash), builtin_plugin_folder()}) {
    std::unique_ptr<DIR, int (*)(DIR *)> dir(opendir(folder.empty() ? "." : folder.c_str()), closedir);
    while (const dirent *entry = dir ? readdir(dir.get()) : nullptr) {
      const std::string name = entry->d_name;
      if (!name.ends_with("_plugin.so") || name == file.substr(slash + 1)) continue;
      if (auto plugin = describe_plugin(folder + (folder.empty() ? "" : "/") + name))
        for (const std::string &symbol : plugin->provides) plugins_.emplace(symbol, plugin->name);
    }
  }
}

std::string Providers::of(const std::string &symbol) const {
  // This program exports what the server does.
  if (dlsym(RTLD_DEFAULT, symbol.c_str())) return "server";
  auto found = plugins_.find(symbol);
  return found == plugins_.end() ? "" : found->second;
}

bool print_plugin(const PluginDescription &plugin) {
  const Providers providers(plugin.path);
  const std::vector<std::string> missing = lacking(plugin, providers);
  printf("%s: plugin '%s', %s\n", plugin.path.c_str(), plugin.name.c_str(),
         missing.empty() ? "fits this server" : "needs functions that nobody here provides");
  printf("  %-10s %s, built with SDK %s\n", "ABI", abi_text(plugin.note).c_str(),
         release_text(plugin.note.sdk_release).c_str());
  printf("  %-10s %s, %llu of %zu bytes\n", "table", plugin.symbol.c_str(),
         static_cast<unsigned long long>(plugin.table_size), sizeof(uwsgi_plugin));
  if (answers_requests(plugin)) printf("  %-10s %d\n", "modifier", plugin.modifier1);
  if (plugin.filled_by_constructor) printf("  %-10s filled by a constructor: known when it runs\n", "hooks");
  print_names("hooks", plugin.hooks);
  print_names("loads", plugin.loads);
  std::map<std::string, std::vector<std::string>> by_provider;
  for (const std::string &symbol : plugin.undefined_uwsgi)
    by_provider[providers.of(symbol)].push_back(symbol);
  for (auto &[provider, symbols] : by_provider) {
    symbols.push_back("(" + (provider.empty() ? "nobody" : provider) + ")");
    print_names("needs", symbols);
  }
  print_names("provides", plugin.provides);
  print_names("libraries", plugin.needed);
  for (const OptionDescription &option : plugin.options) {
    std::string name = "--" + option.name + argument_text(option.argument);
    printf("  %-36s %s\n", name.c_str(), option.help.c_str());
  }
  return missing.empty();
}

std::string json_of(const PluginDescription &plugin) {
  const Providers providers(plugin.path);
  const std::vector<std::string> missing = lacking(plugin, providers);
  JsonWriter json;
  json.begin('{').key("file").string(plugin.path).key("name").string(plugin.name);
  json.key("verdict").string(missing.empty() ? "fits" : "lacks functions");
  json.key("abi").string(abi_text(plugin.note)).key("sdk").string(release_text(plugin.note.sdk_release));
  json.key("table").string(plugin.symbol).key("table_bytes").number(plugin.table_size);
  json.key("server_table_bytes").number(sizeof(uwsgi_plugin));
  if (answers_requests(plugin)) json.key("modifier1").number(plugin.modifier1);
  json.key("hooks").strings(plugin.hooks);
  if (plugin.filled_by_constructor) json.key("table_filled").string("by a constructor");
  write_options(json, plugin);
  json.key("needs").begin('{');
  for (const std::string &symbol : plugin.undefined_uwsgi) {
    const std::string provider = providers.of(symbol);
    json.key(symbol).string(provider);
  }
  json.end('}').key("lacks").strings(missing).key("provides").strings(plugin.provides);
  json.key("loads").strings(plugin.loads).key("libraries").strings(plugin.needed);
  return json.end('}').text();
}

std::string json_of(const std::string &path, const Error &refusal) {
  JsonWriter json;
  json.begin('{').key("file").string(path).key("verdict").string("refused");
  json.key("why").string(refusal.why).key("hint").string(refusal.hint);
  return json.end('}').text();
}

Result<void> list_plugins(const std::string &folder) {
  std::unique_ptr<DIR, int (*)(DIR *)> dir(opendir(folder.c_str()), closedir);
  if (!dir) return system_error("list the plugins of " + folder, errno, "name a folder", kExitNoInput);
  std::vector<std::string> files;
  while (const dirent *entry = readdir(dir.get()))
    if (std::string name = entry->d_name; name.ends_with("_plugin.so")) files.push_back(folder + "/" + name);
  std::sort(files.begin(), files.end());
  for (const std::string &file : files) {
    auto plugin = describe_plugin(file);
    if (plugin) {
      printf("%-20s ABI %-6s %2zu options  %s\n", plugin->name.c_str(), abi_text(plugin->note).c_str(),
             plugin->options.size(), file.c_str());
    } else {
      printf("%s\n", plugin.error().message().c_str());
    }
  }
  return {};
}

}  // namespace mortise
