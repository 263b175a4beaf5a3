// Opens files below a folder and nowhere else, whatever the path or links in it say (openat2(2),
// RESOLVE_BENEATH). Knows nothing of requests.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

namespace mortise::files {

// A regular file or a folder that is open; closed by its owner.
struct OpenFile {
  int fd = -1;
  struct stat info {};
  bool is_folder() const { return fd >= 0 && S_ISDIR(info.st_mode); }
};

// A folder, or a single file. Its descriptor is kept and looked at anew once a second: where a link has been
// moved on to another release, that one is served. [one thread]
class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  Folder(Folder &&) noexcept;
  ~Folder();

  // path: relative. fd -1, with errno: there is no such file, or it is not below the folder. Links may also
  // lead into folders of --static-safe.
  OpenFile open(std::string_view path);
  const std::string &path() const { return path_; }

 private:
  bool refresh();

  std::string path_;
  int fd_ = -1;
  bool is_file_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  time_t checked_ = 0;
};

}  // namespace mortise::files
