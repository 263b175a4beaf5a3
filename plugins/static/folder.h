// Opens files below a folder and nowhere else, whatever the path or links in it say (openat2(2),
// RESOLVE_BENEATH). Knows nothing of requests.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <utility>

namespace mortise::files {

// A regular file or a folder that is open.
class OpenFile {
 public:
  OpenFile() = default;
  OpenFile(OpenFile &&other) noexcept { *this = std::move(other); }
  OpenFile &operator=(OpenFile &&other) noexcept {
    std::swap(fd, other.fd);
    std::swap(info, other.info);
    std::swap(borrowed, other.borrowed);
    return *this;
  }
  ~OpenFile();

  bool is_open() const { return fd >= 0; }
  bool is_folder() const { return fd >= 0 && S_ISDIR(info.st_mode); }
  // The same file, which stays this one's to close.
  OpenFile lend() const {
    OpenFile lent;
    lent.fd = fd;
    lent.info = info;
    lent.borrowed = true;
    return lent;
  }

  int fd = -1;
  struct stat info {};
  bool borrowed = false;
};

// Where an open file is, all links followed; empty: nobody knows.
std::string path_of(int fd);

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
  // What is there now, links followed wherever they lead: tells a known file from another one, and opens
  // nothing.
  bool look_at(std::string_view path, struct stat &info);
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
