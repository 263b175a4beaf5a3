// mortise-plugin: builds and inspects plugins. Also reached as `mortise plugin …` and `mortise --build-plugin
// …`.
#include <cstdio>
#include <string_view>

#include "kernel/log.h"
#include "sdk/inspect/plugin_folders.h"
#include "sdk/inspect/plugin_index.h"
#include "sdk/tool/build.h"
#include "sdk/tool/embed.h"
#include "sdk/tool/info.h"

namespace {

using namespace mortise;

int fail(const Error &error) {
  fprintf(stderr, "%s\n", error.message().c_str());
  return error.exit_code;
}

int build(int argc, char **argv) {
  if (argc < 1)
    return fail({"build a plugin", "no source is named", "mortise --build-plugin foo.c [NAME]", kExitUsage});
  auto path = build_plugin(argv[0], argc > 1 ? argv[1] : "");
  if (!path) return fail(path.error());
  auto description = describe_plugin("./" + *path);
  if (!description) return fail(description.error());
  printf("built ./%s (plugin '%s', ABI %s)\n", path->c_str(), description->name.c_str(),
         abi_text(description->note).c_str());
  return kExitOk;
}

int info(int argc, char **argv) {
  if (argc < 1)
    return fail({"describe a plugin", "no file is named", "mortise plugin info FILE…", kExitUsage});
  int status = kExitOk;
  for (int i = 0; i < argc; ++i) {
    auto description = describe_plugin(argv[i]);
    if (description) {
      print_plugin(*description);
    } else {
      status = fail(description.error());
    }
  }
  return status;
}

int index(int argc, char **argv) {
  std::string folder = argc > 0 ? argv[0] : builtin_plugin_folder();
  auto done = write_plugin_index(folder);
  return done ? kExitOk : fail(done.error());
}

int list(int argc, char **argv) {
  std::string folder = argc > 0 ? argv[0] : builtin_plugin_folder();
  auto plugins = list_plugins(folder);
  return plugins ? kExitOk : fail(plugins.error());
}

int embed(int argc, char **argv) {
  if (argc < 1)
    return fail({"embed plugins", "no output is named", "mortise plugin embed OUTPUT.cpp FILE…", kExitUsage});
  auto done = write_embedded_plugins(argv[0], {argv + 1, argv + argc});
  return done ? kExitOk : fail(done.error());
}

struct Command {
  std::string_view name;
  int (*run)(int argc, char **argv);
  const char *help;
};

constexpr Command kCommands[] = {
    {"info", info, "info FILE…         what a plugin is, told without running it"},
    {"list", list, "list [FOLDER]      the plugins of a folder"},
    {"build", build, "build SOURCE [NAME]  compile a plugin"},
    {"embed", embed, "embed OUTPUT FILE…  the source by which a server finds plugins that it is linked with"},
    {"index", index, "index [FOLDER]     write the folder's plugins.index"},
};

}  // namespace

int main(int argc, char **argv) {
  std::string_view name = argc > 1 ? argv[1] : "";
  for (const Command &command : kCommands)
    if (command.name == name) return command.run(argc - 2, argv + 2);
  fprintf(stderr, name.empty() ? "usage:\n" : "mortise plugin: no command '%s'; there are:\n",
          argc > 1 ? argv[1] : "");
  for (const Command &command : kCommands) fprintf(stderr, "  mortise plugin %s\n", command.help);
  return kExitUsage;
}
