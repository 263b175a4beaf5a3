#include "sdk/tool/info.h"

#include <dirent.h>
#include <getopt.h>
#include <uwsgi.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

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

}  // namespace

void print_plugin(const PluginDescription &plugin) {
  bool request = std::find(plugin.hooks.begin(), plugin.hooks.end(), "request") != plugin.hooks.end();
  printf("%s: plugin '%s', fits this server\n", plugin.path.c_str(), plugin.name.c_str());
  printf("  %-10s %s, built with SDK %s\n", "ABI", abi_text(plugin.note).c_str(),
         release_text(plugin.note.sdk_release).c_str());
  printf("  %-10s %s, %llu of %zu bytes\n", "table", plugin.symbol.c_str(),
         static_cast<unsigned long long>(plugin.table_size), sizeof(uwsgi_plugin));
  if (request) printf("  %-10s %d\n", "modifier", plugin.modifier1);
  print_names("hooks", plugin.hooks);
  print_names("needs", plugin.undefined_uwsgi);
  print_names("provides", plugin.provides);
  print_names("libraries", plugin.needed);
  for (const OptionDescription &option : plugin.options) {
    std::string name = "--" + option.name + argument_text(option.argument);
    printf("  %-36s %s\n", name.c_str(), option.help.c_str());
  }
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
