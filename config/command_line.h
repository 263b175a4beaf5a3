// The command line to directives. Applies nothing.
#pragma once

#include <uwsgi.h>

#include <functional>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "config/directive.h"
#include "config/options.h"
#include "kernel/result.h"

namespace mortise {

struct CommandLineHelp {
  // Row of an option that the table lacks, after loading the plugin that has it; "-w" for the shortcut of
  // that letter.
  std::function<const uwsgi_option *(std::string_view name)> load_option;
  // Whether a plugin reads configuration files of that name, beside those of uWSGI's endings.
  std::function<bool(const std::string &argument)> is_configuration;
  // Takes an argument that is neither an option nor a configuration file; false: nobody wants it.
  std::function<bool(const std::string &argument)> magic;
};

// Understands --name value, --name=value, -x value, -xvalue, -xyz, flags with =false, "--", and configuration
// files by their suffix. Errors carry kExitUsage. [main]
Result<std::vector<Directive>> parse_command_line(int argc, char **argv, const OptionTable &table,
                                                  const CommandLineHelp &help);

// What the command line says of these options, which all take a value, without knowing any other: plugins are
// loaded before their options can be understood. [main]
std::vector<Directive> scan_command_line(int argc, char **argv,
                                         std::initializer_list<std::string_view> names);

}  // namespace mortise
