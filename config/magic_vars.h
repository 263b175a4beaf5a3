// The magic variables that tell of a configuration file: %n, %d and so on. Letters and meanings are uWSGI's:
// https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html#magic-variables
#pragma once

#include <optional>
#include <string>

namespace mortise {

struct ConfigFile {
  std::string given;     // %o, as it was named
  std::string absolute;  // %p; not normalised, symbolic links are kept
  std::string section;   // %x, empty if none was named
};

// Nothing if the letter tells of no file. Upper case letters tell of `first`, the first file that was not
// read by include or inherit. %d ends in a slash; %0 to %9 are the components of the folder.
std::optional<std::string> file_variable(char letter, const ConfigFile &file, const ConfigFile &first);

}  // namespace mortise
