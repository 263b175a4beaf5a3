#include "kernel/plugin_folders.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <initializer_list>

namespace mortise {

namespace {

std::string own_folder() {
  char path[PATH_MAX];
  ssize_t len = readlink("/proc/self/exe", path, sizeof path);
  std::string text(path, len > 0 ? static_cast<size_t>(len) : 0);
  return text.substr(0, text.rfind('/'));
}

// The first of these that exists, taken from the server's own folder unless absolute; else the last.
std::string first_of(std::initializer_list<const char *> candidates) {
  std::string path;
  struct stat info {};
  for (const char *candidate : candidates) {
    path = candidate[0] == '/' ? candidate : own_folder() + "/" + candidate;
    if (stat(path.c_str(), &info) == 0) break;
  }
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) ? resolved : path;
}

}  // namespace

std::string builtin_plugin_folder() {
  return first_of({"plugins", "../lib/mortise/plugins", MORTISE_PLUGIN_DIR});
}

std::string sdk_include_folder() {
  return first_of({"include", "../include/mortise", MORTISE_INCLUDE_DIR});
}

std::string plugin_tool_path() {
  return first_of({"mortise-plugin", "../lib/mortise/mortise-plugin"});
}

}  // namespace mortise
