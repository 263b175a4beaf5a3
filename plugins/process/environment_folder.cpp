#include "environment_folder.h"

#include <uwsgi.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace mortise::process {

namespace {

[[noreturn]] void refuse(const char *option, const std::string &path, const char *why) {
  uwsgi_log("error: %s: read %s: %s (it must be a folder of files that the server's user may read)\n", option,
            path.c_str(), why);
  uwsgi_exit(66);
}

void set_variable(const char *option, const std::filesystem::path &path) {
  const std::string name = path.filename();
  std::ifstream file(path, std::ios::binary);
  std::string value{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) refuse(option, path, strerror(errno));
  if (name.find('=') != name.npos) refuse(option, path, "a variable has no '=' in its name");
  if (value.empty()) {
    unsetenv(name.c_str());
    return;
  }
  value.erase(value.find_last_not_of(" \t\r\n") + 1);  // npos + 1: all of it
  std::replace(value.begin(), value.end(), '\0', '\n');
  setenv(name.c_str(), value.c_str(), 1);
}

}  // namespace

void read_environment_folder(char *name, char *folder, void *) {
  std::error_code failure;
  std::filesystem::directory_iterator entries(folder, failure);
  if (failure) refuse(name, folder, failure.message().c_str());
  for (const auto &entry : entries)
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.'))
      set_variable(name, entry.path());
}

}  // namespace mortise::process
