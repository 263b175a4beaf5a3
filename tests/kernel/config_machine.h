// A machine for configurations that exists in memory only: files, folders, variables.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "config/config.h"

namespace mortise {

struct FakeMachine {
  std::map<std::string, std::string> files;  // by path as it is named
  std::set<std::string> folders;
  std::map<std::string, std::string> variables;
};

class FakeHost final : public ConfigHost {
 public:
  explicit FakeHost(FakeMachine machine) : machine_(std::move(machine)) {}

  Result<std::string> read_file(const std::string &path) override {
    auto found = machine_.files.find(path);
    if (found == machine_.files.end())
      return Error{"open " + path, "No such file or directory", {}, kExitNoInput};
    return found->second;
  }
  PathKind path_kind(const std::string &path) override {
    if (machine_.files.count(path)) return PathKind::kFile;
    return machine_.folders.count(path) ? PathKind::kFolder : PathKind::kAbsent;
  }
  std::vector<std::string> glob(const std::string &pattern) override {
    std::vector<std::string> paths;  // only one '*', at the end of what is compared
    for (const auto &[path, text] : machine_.files)
      if (path.starts_with(pattern.substr(0, pattern.find('*')))) paths.push_back(path);
    return paths;
  }
  std::optional<std::string> environment(const std::string &name) override {
    auto found = machine_.variables.find(name);
    if (found == machine_.variables.end()) return std::nullopt;
    return found->second;
  }
  std::optional<std::string> fact(char letter) override {
    switch (letter) {
      case 'v':
        return "/srv/here";
      case 'h':
        return "node1";
      case 'k':
        return "4";
      case 'u':
        return "1000";
      case 'U':
        return "deploy";
      default:
        return std::nullopt;
    }
  }

 private:
  FakeMachine machine_;
};

inline Config make_config(FakeMachine machine) {
  return Config(std::make_unique<FakeHost>(std::move(machine)));
}

}  // namespace mortise
