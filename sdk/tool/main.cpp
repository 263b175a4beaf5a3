// mortise-plugin: builds and inspects plugins. Also reached as `mortise plugin …` and `mortise --build-plugin
// …`.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "kernel/log.h"
#include "sdk/inspect/plugin_folders.h"
#include "sdk/inspect/plugin_index.h"
#include "sdk/tool/build.h"
#include "sdk/tool/conformance.h"
#include "sdk/tool/embed.h"
#include "sdk/tool/header.h"
#include "sdk/tool/info.h"
#include "sdk/tool/skeleton.h"

namespace {

using namespace mortise;

int fail(const Error &error) {
  fprintf(stderr, "%s\n", error.message().c_str());
  return error.exit_code;
}

bool take_flag(int *argc, char **argv, std::string_view flag) {
  char **end = std::remove_if(argv, argv + *argc, [&](const char *word) { return word == flag; });
  const bool taken = end != argv + *argc;
  *argc = static_cast<int>(end - argv);
  return taken;
}

int build(int argc, char **argv) {
  if (argc < 1)
    return fail({"build a plugin", "no source is named", "mortise --build-plugin SOURCE [NAME]", kExitUsage});
  auto path = build_plugin(argv[0], argc > 1 ? argv[1] : "");
  if (!path) return fail(path.error());
  auto description = describe_plugin("./" + *path);
  if (!description) return fail(description.error());
  printf("built ./%s (plugin '%s', ABI %s)\n", path->c_str(), description->name.c_str(),
         abi_text(description->note).c_str());
  return kExitOk;
}

// A file, or the name of a plugin that came with the server.
std::string file_of(const std::string &word) {
  const std::string shipped = builtin_plugin_folder() + "/" + word + "_plugin.so";
  const bool is_file = word.find('/') != word.npos || access(word.c_str(), F_OK) == 0;
  return is_file || access(shipped.c_str(), F_OK) != 0 ? word : shipped;
}

int info(int argc, char **argv) {
  const bool json = take_flag(&argc, argv, "--json");
  if (argc < 1)
    return fail({"describe a plugin", "no file is named", "mortise plugin info FILE… [--json]", kExitUsage});
  int status = kExitOk;
  for (int i = 0; i < argc; ++i) {
    auto description = describe_plugin(file_of(argv[i]));
    if (json) {
      const std::string text = description ? json_of(*description) : json_of(argv[i], description.error());
      printf("%s%s%s", i ? ",\n" : "[", text.c_str(), i + 1 < argc ? "" : "]\n");
      if (!description) status = kExitPlugin;
    } else if (!description) {
      status = fail(description.error());
    } else if (!print_plugin(*description)) {
      status = kExitPlugin;
    }
  }
  return status;
}

int cflags(int, char **) {
  auto flags = plugin_cflags();
  if (!flags) return fail(flags.error());
  for (const std::string &flag : *flags) {
    for (char c : flag) printf(c == ' ' ? "\\%c" : "%c", c);
    printf(flag == flags->back() ? "\n" : " ");
  }
  return kExitOk;
}

int header(int, char **) {
  auto text = self_contained_header();
  if (!text) return fail(text.error());
  printf("%s", text->c_str());
  return kExitOk;
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

int test(int argc, char **argv) {
  if (argc < 1)
    return fail(
        {"test a plugin", "no file is named", "mortise plugin test FILE [SERVER OPTION…]", kExitUsage});
  auto failed = test_plugin(argv[0], {argv + 1, argv + argc});
  if (!failed) return fail(failed.error());
  return *failed ? kExitFailure : kExitOk;
}

int create(int argc, char **argv) {
  std::string name, language = "c";
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--lang" && i + 1 < argc) {
      language = argv[++i];
    } else if (word.starts_with("--lang=")) {
      language = word.substr(7);
    } else if (name.empty()) {
      name = word;
    } else {
      return fail({"make a plugin '" + name + "'", "'" + std::string(word) + "' is too much",
                   "one name, and --lang c, c++ or rust", kExitUsage});
    }
  }
  auto done = new_plugin(name, language);
  if (!done) return fail(done.error());
  printf("made %s/: cd %s && make test\n", name.c_str(), name.c_str());
  return kExitOk;
}

constexpr int kAny = 1000;

struct Command {
  std::string_view name;
  int (*run)(int argc, char **argv);
  int most_words;  // that it takes, values of options among them
  std::string_view options;
  const char *help;
};

constexpr Command kCommands[] = {
    {"info", info, kAny, "--json", "info FILE… [--json]  what a plugin is, told without running it"},
    {"list", list, 1, "", "list [FOLDER]      the plugins of a folder"},
    {"new", create, 3, "--lang", "new NAME [--lang c|c++|rust]  a folder to begin with"},
    {"test", test, kAny, "", "test FILE [OPTION…]  whether it does what the server relies on"},
    {"build", build, 2, "",
     "build SOURCE [NAME]  compile a plugin: a file, a folder, one with uwsgiplugin.py, a git URL"},
    {"cflags", cflags, 0, "", "cflags             the flags that compile a plugin"},
    {"dot-h", header, 0, "", "dot-h              uwsgi.h in one piece"},
    {"embed", embed, kAny, "",
     "embed OUTPUT FILE…  the source by which a server finds plugins that it is linked with"},
    {"index", index, 1, "", "index [FOLDER]     write the folder's plugins.index"},
};

// Before it does half of what was meant.
int run_checked(const Command &command, int argc, char **argv) {
  const std::string attempt = "mortise plugin " + std::string(command.name);
  const std::string usage = std::string("mortise plugin ") + command.help;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i], option = word.substr(0, word.find('='));
    if (command.run == test && i > 0) break;  // the server's
    if (word.starts_with("--") && option != command.options)
      return fail({attempt, "there is no option '" + std::string(word) + "'", usage, kExitUsage});
  }
  if (argc > command.most_words)
    return fail({attempt, "'" + std::string(argv[argc - 1]) + "' is too much", usage, kExitUsage});
  return command.run(argc, argv);
}

}  // namespace

int main(int argc, char **argv) {
  std::string_view name = argc > 1 ? argv[1] : "";
  for (const Command &command : kCommands)
    if (command.name == name) return run_checked(command, argc - 2, argv + 2);
  const bool asked = name == "--help" || name == "-h" || name == "help";
  FILE *out = asked ? stdout : stderr;
  fprintf(out, asked || name.empty() ? "usage:\n" : "mortise plugin: no command '%s'; there are:\n",
          argc > 1 ? argv[1] : "");
  for (const Command &command : kCommands) fprintf(out, "  mortise plugin %s\n", command.help);
  return asked ? kExitOk : kExitUsage;
}
