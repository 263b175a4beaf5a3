// What mortise does besides serving: --version, --check, --build-plugin, the plugin sub-commands.
#pragma once

#include <optional>

namespace mortise {

// The exit status, if the command line asks for one of these; nothing if it asks to serve.
std::optional<int> run_command(int argc, char **argv);

}  // namespace mortise
