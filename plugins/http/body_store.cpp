#include "body_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace mortise::http {

namespace {

const char *temporary_folder(const char *folder) {
  if (folder && *folder) return folder;
  const char *set = getenv("TMPDIR");
  return set && *set ? set : "/tmp";
}

int open_nameless(const char *folder) {
  int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  std::string name = std::string(folder) + "/mortise-body-XXXXXX";  // a file system without O_TMPFILE
  fd = mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) unlink(name.c_str());
  return fd;
}

}  // namespace

bool BodyStore::append(std::string_view bytes, size_t in_memory, const char *folder) {
  if (file_ < 0) {
    const size_t fits = std::min(bytes.size(), in_memory - std::min(in_memory, memory_.size()));
    memory_.append(bytes.substr(0, fits));
    size_ += fits;
    bytes.remove_prefix(fits);
    if (bytes.empty()) return true;
    file_ = open_nameless(temporary_folder(folder));
    if (file_ < 0) return false;
  }
  while (!bytes.empty()) {
    ssize_t written = pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(size_ - memory_.size()));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    size_ += static_cast<size_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

ssize_t BodyStore::read(char *out, size_t size) {
  if (read_at_ < memory_.size()) {
    const size_t count = memory_.copy(out, size, read_at_);
    read_at_ += count;
    return static_cast<ssize_t>(count);
  }
  if (at_end()) return 0;
  ssize_t got = pread(file_, out, size, static_cast<off_t>(read_at_ - memory_.size()));
  if (got <= 0) return -1;
  read_at_ += static_cast<size_t>(got);
  return got;
}

FileAnswer BodyStore::release() {
  FileAnswer file(std::exchange(file_, -1), read_at_, left());
  clear();
  return file;
}

void BodyStore::clear() {
  if (file_ >= 0) close(file_);
  file_ = -1;
  std::string().swap(memory_);
  size_ = read_at_ = 0;
}

}  // namespace mortise::http
