// Runs the programs that building needs: compilers, objcopy, python3. Their output is ours.
#pragma once

#include <string>
#include <vector>

#include "kernel/result.h"

namespace mortise {

// Runs a command, found on PATH, with our standard streams, and waits for its end: its exit status, or 128
// and the signal that ended it. `hint` is for an Error, when it cannot be started.
Result<int> run_command_line(const std::vector<std::string> &words, const std::string &hint);

// Whether a program of this name is on PATH.
bool is_on_path(const std::string &program);

// A folder that goes, with what is in it, when its owner goes.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> make();
  TemporaryFolder(TemporaryFolder &&other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder &operator=(TemporaryFolder &&) = delete;
  ~TemporaryFolder();
  const std::string &path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace mortise
