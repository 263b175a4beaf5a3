#include "library.h"

#include <uwsgi.h>

namespace mortise::rrdtool {

namespace {

using Command = int (*)(int, char **);
Command create = nullptr, update = nullptr;
const char *(*last_error)() = nullptr;
void (*clear_error)() = nullptr;

template <typename Function>
Function find(void *library, const char *name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

}  // namespace

bool open_library(const char *name) {
  if (create) return true;
  void *library = nullptr;
  for (const char *file : {name, "librrd.so", "librrd.so.8"})
    if (file && !library) library = dlopen(file, RTLD_NOW);
  if (!library) {
    uwsgi_log("rrdtool: %s (install librrd8, or name it with rrdtool-lib)\n", dlerror());
    return false;
  }
  create = find<Command>(library, "rrd_create");
  update = find<Command>(library, "rrd_update");
  last_error = find<const char *(*)()>(library, "rrd_get_error");
  clear_error = find<void (*)()>(library, "rrd_clear_error");
  if (create && update) return true;
  uwsgi_log("rrdtool: the library has no rrd_create or rrd_update (name another one with rrdtool-lib)\n");
  create = nullptr;
  return false;
}

bool run(std::vector<std::string> command) {
  std::vector<char *> arguments;
  for (std::string &word : command) arguments.push_back(word.data());
  if (clear_error) clear_error();
  Command function = command[0] == "create" ? create : update;
  if (function && function(static_cast<int>(arguments.size()), arguments.data()) == 0) return true;
  uwsgi_log("rrdtool: %s %s: %s\n", command[0].c_str(), command[1].c_str(),
            last_error ? last_error() : "failed");
  return false;
}

}  // namespace mortise::rrdtool
