#include "folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "options.h"

namespace mortise::files {

namespace {

constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;  // a FIFO must not hold us

bool is_below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.substr(0, folder.size()) == folder && path[folder.size()] == '/';
}

// For systems without openat2, and for links into other folders that are allowed: opened, then judged by
// where it is.
int open_and_judge(int folder, const char *path, bool safe_only) {
  const int fd = openat(folder, path, kFlags);
  if (fd < 0) return -1;
  const std::string found = path_of(fd);
  bool allowed = !safe_only && is_below(found, path_of(folder));
  for (const uwsgi_string_list *safe = options.safe; safe && !allowed; safe = safe->next) {
    char real[PATH_MAX];
    allowed = realpath(safe->value, real) && is_below(found, real);
  }
  if (allowed) return fd;
  close(fd);
  return errno = EXDEV, -1;
}

int open_beneath(int folder, const char *path) {
  open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 0; attempt < 8; ++attempt) {
    const long fd = syscall(SYS_openat2, folder, path, &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    if (errno == EAGAIN || errno == EINTR) continue;  // something was renamed meanwhile
    if (errno == ENOSYS || errno == EPERM) return open_and_judge(folder, path, false);
    break;
  }
  return errno == EXDEV && options.safe ? open_and_judge(folder, path, true) : -1;
}

// Relative and NUL-terminated; nullptr, with errno: it is no path.
const char *terminate(std::string_view path, char (&out)[PATH_MAX]) {
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  if (path.size() >= PATH_MAX || path.find('\0') != path.npos) return errno = ENAMETOOLONG, nullptr;
  out[path.copy(out, path.size())] = '\0';
  return out;
}

}  // namespace

std::string path_of(int fd) {
  char link[32], target[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, target, sizeof target);
  return len > 0 ? std::string(target, static_cast<size_t>(len)) : std::string();
}

OpenFile::~OpenFile() {
  if (fd >= 0 && !borrowed) close(fd);
}

Folder::Folder(Folder &&other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      is_file_(other.is_file_),
      device_(other.device_),
      inode_(other.inode_),
      checked_(other.checked_) {}

Folder::~Folder() {
  if (fd_ >= 0) close(fd_);
}

bool Folder::refresh() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  if (fd_ >= 0 && now.tv_sec == checked_) return true;
  checked_ = now.tv_sec;
  struct stat info {};
  if (stat(path_.c_str(), &info)) return false;
  if (fd_ >= 0 && info.st_dev == device_ && info.st_ino == inode_) return true;
  if (fd_ >= 0) close(fd_);
  fd_ = ::open(path_.c_str(), O_PATH | O_CLOEXEC);
  is_file_ = S_ISREG(info.st_mode);
  device_ = info.st_dev;
  inode_ = info.st_ino;
  return fd_ >= 0;
}

OpenFile Folder::open(std::string_view path) {
  OpenFile file;
  char terminated[PATH_MAX];
  if (!refresh() || !terminate(path, terminated)) return file;
  if (is_file_) {
    if (*terminated) return errno = ENOTDIR, std::move(file);
    file.fd = ::open(path_.c_str(), kFlags);
  } else {
    file.fd = open_beneath(fd_, *terminated ? terminated : ".");
  }
  if (file.fd < 0) return file;
  if (fstat(file.fd, &file.info) == 0 && (S_ISREG(file.info.st_mode) || S_ISDIR(file.info.st_mode)))
    return file;
  file = {};
  return errno = EACCES, std::move(file);
}

bool Folder::look_at(std::string_view path, struct stat &info) {
  char terminated[PATH_MAX];
  if (!refresh() || !terminate(path, terminated)) return false;
  if (is_file_) return !*terminated && stat(path_.c_str(), &info) == 0;
  return fstatat(fd_, terminated, &info, AT_EMPTY_PATH) == 0;
}

}  // namespace mortise::files
