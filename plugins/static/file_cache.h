// Files that stay open, for who serves them often. Each is compared with what is in the folder whenever it is
// asked for, so that nobody gets an old one: one system call in the place of three.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "folder.h"

namespace mortise::files {

// [one thread]
class FileCache {
 public:
  FileCache();
  // Same as folder.open(path). A file that is kept is lent, and lives until the next one is found.
  OpenFile open(Folder &folder, std::string_view path);

 private:
  std::map<const Folder *, std::map<std::string, OpenFile, std::less<>>> kept_;
  size_t count_ = 0;
  size_t most_;
};

}  // namespace mortise::files
