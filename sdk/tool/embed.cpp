#include "sdk/tool/embed.h"

#include <cerrno>
#include <fstream>

#include "sdk/inspect/plugin_index.h"

namespace mortise {

Result<void> write_embedded_plugins(const std::string &output, const std::vector<std::string> &files) {
  std::vector<PluginDescription> plugins;
  PluginIndex index;
  for (const std::string &file : files) {
    auto plugin = describe_plugin(file);
    if (!plugin) return plugin.error();
    index.add(*plugin);
    plugins.push_back(std::move(*plugin));
  }
  std::ofstream out(output);
  out << "// The plugins that this program is linked with. Made by mortise-plugin embed.\n"
         "#include \"kernel/embedded_plugins.h\"\n\n";
  for (const PluginDescription &plugin : plugins)
    out << "extern \"C\" struct uwsgi_plugin " << plugin.symbol << ";\n";
  out << "\nconst mortise::EmbeddedPlugin mortise::embedded_plugins[] = {\n";
  for (const PluginDescription &plugin : plugins) {
    std::string file = plugin.path.substr(plugin.path.rfind('/') + 1), needs;
    for (const std::string &symbol : plugin.undefined_uwsgi)
      if (index.provider_of(symbol)) needs += symbol + " ";
    out << "    {\"" << index.files().at(file) << "\", &" << plugin.symbol << ", \"" << needs << "\"},\n";
  }
  out << "    {}};\n\nconst char mortise::embedded_index[] = R\"(" << index.text() << ")\";\n";
  out.close();
  if (!out) return system_error("write " + output, errno, {}, kExitNoPerm);
  return {};
}

}  // namespace mortise
