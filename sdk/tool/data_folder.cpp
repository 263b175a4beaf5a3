#include "sdk/tool/data_folder.h"

#include <unistd.h>

#include <climits>

namespace mortise {

namespace {

std::string own_folder() {
  char path[PATH_MAX];
  const ssize_t len = readlink("/proc/self/exe", path, sizeof path);
  std::string folder(path, len > 0 ? static_cast<size_t>(len) : 0);
  folder.resize(folder.rfind('/') + 1);  // npos + 1 is 0
  return folder;
}

}  // namespace

std::string data_file(const std::string &name) {
  const std::string folder = own_folder(), file = folder + "share/mortise/" + name;
  return access(file.c_str(), F_OK) == 0 ? file : folder + "../share/mortise/" + name;
}

std::string server_file() {
  return own_folder() + "mortise";
}

}  // namespace mortise
