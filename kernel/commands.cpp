#include "kernel/commands.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/configuration.h"
#include "kernel/lifecycle.h"
#include "kernel/log.h"
#include "kernel/plugin_registry.h"
#include "sdk/inspect/plugin_folders.h"

namespace mortise {

namespace {

// Building and inspecting plugins is the SDK's tool's; a server without the SDK does without it.
int run_plugin_tool(std::string_view command, char **arguments) {
  std::string path = plugin_tool_path(), first(command);
  std::vector<char *> argv{path.data()};
  if (!first.empty()) argv.push_back(first.data());
  while (*arguments) argv.push_back(*arguments++);
  argv.push_back(nullptr);
  execv(path.c_str(), argv.data());
  log_error(system_error("run " + path, errno, "install mortise's SDK, which has it"));
  return kExitFailure;
}

// All that a start does before it touches anything outside this process; nothing is bound or forked.
int check_configuration() {
  for (auto phase : {read_configuration, apply_configuration, prepare_process})
    if (auto done = phase(); !done) return log_error(done.error()), done.error().exit_code;
  std::string names;
  for (const uwsgi_plugin *plugin : loaded_plugins()) names += std::string(" ") + plugin->name;
  int (*report)(const char *) = nullptr;
  if (uwsgi_load_plugin("runtime") == 0)
    report = reinterpret_cast<decltype(report)>(dlsym(RTLD_DEFAULT, "uwsgi_report_check"));
  return report ? report(names.c_str()) : kExitPlugin;
}

}  // namespace

std::optional<int> run_command(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (i == 1 && word == "plugin") return run_plugin_tool("", argv + 2);
    static char reload[] = "--reload=", stop[] = "--stop=";
    if (i == 1 && word == "reload") argv[1] = reload;
    if (i == 1 && word == "stop") argv[1] = stop;
    if (word == "--check") {
      std::copy(argv + i + 1, argv + argc + 1, argv + i);
      --uwsgi.argc;
      return check_configuration();
    }
    if (word == "--cflags" || word == "--dot-h") return run_plugin_tool(word.substr(2), argv + i + 1);
    if (word == "--build-plugin") return run_plugin_tool("build", argv + i + 1);
    if (word == "--version") {
      printf("mortise " MORTISE_VERSION "\n");
      return kExitOk;
    }
    if (word == "--help" || word == "-h") {
      print_help();
      return kExitOk;
    }
  }
  return {};
}

}  // namespace mortise
