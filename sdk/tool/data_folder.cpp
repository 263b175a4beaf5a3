#include "sdk/tool/data_folder.h"

#include <unistd.h>

#include <climits>

namespace mortise {

std::string data_file(const std::string &name) {
  char path[PATH_MAX];
  const ssize_t len = readlink("/proc/self/exe", path, sizeof path);
  std::string folder(path, len > 0 ? static_cast<size_t>(len) : 0);
  folder.resize(folder.rfind('/') + 1);  // npos + 1 is 0
  std::string file = folder + "share/mortise/" + name;
  return access(file.c_str(), F_OK) == 0 ? file : folder + "../share/mortise/" + name;
}

}  // namespace mortise
