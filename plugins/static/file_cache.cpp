#include "file_cache.h"

#include <uwsgi.h>

#include <algorithm>

namespace mortise::files {

namespace {

// What is kept open cannot be deleted from the disk; and the cost of a larger file is not in opening it.
constexpr off_t kLargestBytes = 256 * 1024;

// The change of a file's state comes with every change of its content, owner or mode (inode(7), ctime). While
// it is open its number cannot be another one's.
bool is_unchanged(const struct stat &then, const struct stat &now) {
  return then.st_ino == now.st_ino && then.st_dev == now.st_dev &&
         then.st_ctim.tv_sec == now.st_ctim.tv_sec && then.st_ctim.tv_nsec == now.st_ctim.tv_nsec;
}

}  // namespace

FileCache::FileCache()
    : most_(std::clamp<size_t>(static_cast<size_t>(std::max(uwsgi.max_fd, 0)) / 32, 8, 512)) {}

OpenFile FileCache::open(Folder &folder, std::string_view path) {
  auto &of_folder = kept_[&folder];
  if (auto found = of_folder.find(path); found != of_folder.end()) {
    struct stat now;
    if (folder.look_at(path, now) && is_unchanged(found->second.info, now)) return found->second.lend();
    of_folder.erase(found);
    --count_;
  }
  OpenFile file = folder.open(path);
  if (!file.is_open() || file.is_folder() || file.info.st_size > kLargestBytes) return file;
  if (count_ >= most_) {  // what is still asked for comes back
    kept_.clear();
    count_ = 0;
  }
  ++count_;
  return kept_[&folder].emplace(std::string(path), std::move(file)).first->second.lend();
}

}  // namespace mortise::files
