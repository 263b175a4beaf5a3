#include "sdk/tool/command.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "sdk/runtime/strings.h"

namespace mortise {

Result<int> run_command_line(const std::vector<std::string> &words, const std::string &hint) {
  std::vector<char *> argv;
  for (const std::string &word : words) argv.push_back(const_cast<char *>(word.c_str()));
  argv.push_back(nullptr);
  fflush(stdout);
  pid_t pid = 0;
  if (int errnum = posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ))
    return system_error("run " + words[0], errnum, hint, kExitFailure);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return system_error("wait for " + words[0], errno);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool is_on_path(const std::string &program) {
  const char *path = getenv("PATH");
  for (const std::string &folder : split_quoted(path ? path : "/usr/bin:/bin", ":"))
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  return false;
}

Result<TemporaryFolder> TemporaryFolder::make() {
  const char *parent = getenv("TMPDIR");
  std::string name = std::string(parent && *parent ? parent : "/tmp") + "/mortise-plugin.XXXXXX";
  if (!mkdtemp(name.data())) return system_error("make a folder " + name, errno, "set TMPDIR", kExitNoPerm);
  return TemporaryFolder(name);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace mortise
