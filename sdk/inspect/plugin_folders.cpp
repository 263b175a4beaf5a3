#include "sdk/inspect/plugin_folders.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <initializer_list>

namespace mortise {

namespace {

// Path of the file that this code is in: the server's, or libmortise's inside another program.
std::string own_file() {
  Dl_info info;
  link_map *file = nullptr;
  void *here = reinterpret_cast<void *>(own_file);
  bool known = dladdr1(here, &info, reinterpret_cast<void **>(&file), RTLD_DL_LINKMAP) != 0;
  if (known && file->l_name[0]) return file->l_name;  // a program's own name is empty
  char path[PATH_MAX];
  ssize_t len = readlink("/proc/self/exe", path, sizeof path);
  return {path, len > 0 ? static_cast<size_t>(len) : 0};
}

// The first of these that exists, taken from our own file's folder unless absolute; else the last.
std::string first_of(std::initializer_list<const char *> candidates) {
  std::string file = own_file(), folder = file.substr(0, file.rfind('/') + 1), path;
  struct stat info {};
  for (const char *candidate : candidates) {
    path = candidate[0] == '/' ? candidate : folder + candidate;
    if (stat(path.c_str(), &info) == 0) break;
  }
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) ? resolved : path;
}

}  // namespace

std::string builtin_plugin_folder() {
  return first_of({"plugins", "../lib/mortise/plugins", "../mortise/plugins", MORTISE_PLUGIN_DIR});
}

std::string sdk_include_folder() {
  return first_of({"include", "../include/mortise", MORTISE_INCLUDE_DIR});
}

std::string plugin_tool_path() {
  return first_of({"mortise-plugin", "../lib/mortise/mortise-plugin"});
}

char *program_path() {
  const char *launcher = getenv("MORTISE_PROGRAM");
  char *path = realpath(launcher ? launcher : "/proc/self/exe", nullptr);
  unsetenv("MORTISE_PROGRAM");
  return path;
}

}  // namespace mortise
