#include "sdk/tool/source.h"

#include <unistd.h>

namespace mortise {

namespace {

// Its history is of no use here; what it includes is.
Result<Source> fetch(const std::string &url, const std::string &name) {
  auto folder = TemporaryFolder::make();
  if (!folder) return folder.error();
  Source source{folder->path() + "/source", name, std::move(*folder)};
  auto status = run_command_line({"git", "clone", "--quiet", "--depth=1", "--recurse-submodules",
                                  "--shallow-submodules", "--", url, source.path},
                                 "install git, or fetch it yourself and name its folder");
  if (!status) return status.error();
  if (*status != 0)
    return Error{"fetch " + url, "git ended with status " + std::to_string(*status),
                 "its messages stand above; a folder that you fetched yourself can be named instead",
                 kExitFailure};
  return source;
}

}  // namespace

Result<Source> find_source(const std::string &word, const std::string &name) {
  const size_t blank = word.find(' ');
  if (blank != word.npos && name.empty() && access(word.c_str(), F_OK) != 0)
    return find_source(word.substr(0, blank), word.substr(blank + 1));
  if (word.find("://") != word.npos) return fetch(word, name);
  return Source{word, name, {}};
}

}  // namespace mortise
