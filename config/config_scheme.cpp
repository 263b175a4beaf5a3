#include "config/config_scheme.h"

#include <sys/wait.h>

#include <cstdio>

#include "kernel/fd.h"

namespace mortise {

namespace {

// The shell's statuses for a command that is not there or no program.
constexpr int kNotExecutable = 126, kNotFound = 127;

Result<std::string> read_command(const std::string &command, size_t max_bytes) {
  const std::string what = "run '" + command + "'";
  FILE *output = popen(command.c_str(), "re");
  if (!output) return system_error(what, errno, {}, kExitSystem);
  auto text = read_file(("/proc/self/fd/" + std::to_string(fileno(output))).c_str(), max_bytes);
  const int status = pclose(output);
  if (!text) return text;
  if (WIFSIGNALED(status))
    return Error{what, "it was ended by signal " + std::to_string(WTERMSIG(status)), {}, kExitNoInput};
  if (WEXITSTATUS(status) == kNotExecutable || WEXITSTATUS(status) == kNotFound)
    return Error{what, "the shell cannot run it", "its message stands above", kExitNoInput};
  return text;
}

}  // namespace

std::optional<Result<std::string>> read_scheme(const std::string &name, size_t max_bytes) {
  const size_t end = name.find("://");
  if (end == name.npos) return std::nullopt;
  const std::string scheme = name.substr(0, end), rest = name.substr(end + 3);
  if (scheme == "exec") return read_command(rest, max_bytes);
  if (scheme == "fd") return read_file(("/proc/self/fd/" + rest).c_str(), max_bytes);
  if (scheme == "data") return rest;
  return std::nullopt;
}

}  // namespace mortise
