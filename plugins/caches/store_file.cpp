#include "store_file.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include <cstring>

namespace mortise::caches {

namespace {

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File &) = delete;
  File &operator=(const File &) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

bool copy(int from, int to, uint64_t bytes) {
  off_t offset = 0;
  while (static_cast<uint64_t>(offset) < bytes)
    if (sendfile(to, from, &offset, bytes - static_cast<uint64_t>(offset)) <= 0) return false;
  return true;
}

std::string failed(const std::string &what, const std::string &path) {
  return what + " " + path + ": " + strerror(errno) + " (correct store=, or the rights of its folder)";
}

void *map(int fd, uint64_t bytes, int flags) {
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

void *map_store(const Settings &settings, uint64_t bytes, std::string *error) {
  const std::string &path = settings.store;
  const int generation = uwsgi_generation();
  File file(open(path.c_str(), generation < 0 ? O_RDONLY | O_CLOEXEC : O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() < 0) return *error = failed("open", path), nullptr;
  struct stat info {};
  if (fstat(file.get(), &info)) return *error = failed("look at", path), nullptr;
  uint64_t size = static_cast<uint64_t>(info.st_size);
  if (size != 0 && size != bytes) {
    if (!settings.store_delete)
      return *error =
                 path +
                 " is of another size: it has a cache with other numbers (remove it, or add store_delete=1)",
             nullptr;
    if (generation >= 0 && ftruncate(file.get(), 0)) return *error = failed("empty", path), nullptr;
    size = 0;
  }
  void *memory = nullptr;
  if (generation < 0) {
    memory = size ? map(file.get(), bytes, MAP_PRIVATE) : map(-1, bytes, MAP_PRIVATE | MAP_ANONYMOUS);
  } else if (generation == 0 || size == 0) {
    if (ftruncate(file.get(), static_cast<off_t>(bytes))) return *error = failed("enlarge", path), nullptr;
    memory = map(file.get(), bytes, MAP_SHARED);
  } else {
    const std::string fresh = path + ".new";
    File next(open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (next.get() < 0 || !copy(file.get(), next.get(), bytes) || rename(fresh.c_str(), path.c_str()))
      return *error = failed("copy", path), nullptr;
    memory = map(next.get(), bytes, MAP_SHARED);
  }
  if (!memory) *error = failed("map", path);
  return memory;
}

}  // namespace mortise::caches
