// Where a plugin's source is: a path; a path and a name in one word, as uWSGI takes them ("plugins/foo bar");
// or a repository, which git fetches.
#pragma once

#include <optional>
#include <string>

#include "sdk/tool/command.h"

namespace mortise {

struct Source {
  std::string path;
  std::string name;                        // the plugin's; empty: its recipe's
  std::optional<TemporaryFolder> fetched;  // where path is in a repository: removed with this
};

Result<Source> find_source(const std::string &word, const std::string &name);

}  // namespace mortise
