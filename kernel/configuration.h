// From the command line, the environment and files to options that were applied: which plugins to load for
// them, what to say of the ones that nobody knows.
#pragma once

#include "kernel/result.h"

namespace mortise {

// Command line, environment and configuration files become directives; plugins that they name are loaded.
// [main]
Result<void> read_configuration();

// Each directive goes to the table that has its option, loading the plugin that has it if need be. [main]
Result<void> apply_configuration();

// The options of the kernel and of all plugins in the built-in folder, to standard output.
void print_help();

}  // namespace mortise
