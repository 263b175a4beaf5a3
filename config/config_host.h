// What configuration asks of the machine it runs on: files, the environment, names. Tests and the fuzzer
// answer themselves, and so run any configuration without touching a file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/ini.h"
#include "kernel/result.h"

namespace mortise {

enum class PathKind { kAbsent, kFile, kFolder, kOther };

// The machine itself. [main]
class ConfigHost {
 public:
  virtual ~ConfigHost() = default;
  virtual Result<std::string> read_file(const std::string &path);  // or what config_scheme.h has in its place
  virtual PathKind path_kind(const std::string &path);             // follows symbolic links
  virtual std::vector<std::string> glob(const std::string &pattern);  // sorted; empty without a match
  virtual std::optional<std::string> environment(const std::string &name);
  // uWSGI's magic variables that no file decides: %v current folder, %h host, %k CPUs, %t and %T seconds and
  // microseconds at the start, %u %U %g %G effective user and group by number and name, %V version.
  virtual std::optional<std::string> fact(char letter);
  // Formats beside ini: which one an option of that name reads, which one a file's ending tells; and one
  // section of such a file.
  virtual std::optional<std::string> format_of_option(const std::string &key);
  virtual std::optional<std::string> format_of_file(const std::string &path);
  virtual Result<IniSection> read_format(const std::string &format, const std::string &path,
                                         const std::string &section);
};

}  // namespace mortise
