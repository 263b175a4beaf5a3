// Files: contents, kinds, locks.
#include <sys/file.h>
#include <uwsgi.h>

#include <algorithm>
#include <string>

namespace {

mode_t mode_of(const char *path) {
  struct stat status;
  return path && stat(path, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

}  // namespace

extern "C" {

char *uwsgi_expand_path(const char *path, int len, char *dst) {
  return realpath(std::string(path, static_cast<size_t>(std::max(len, 0))).c_str(), dst);
}
int uwsgi_file_exists(const char *path) {
  return path && access(path, F_OK) == 0;
}
int uwsgi_is_file(const char *path) {
  return mode_of(path) == S_IFREG;
}
int uwsgi_is_dir(const char *path) {
  return mode_of(path) == S_IFDIR;
}

char *uwsgi_get_cwd() {
  return get_current_dir_name();
}

int uwsgi_is_link(const char *path) {
  struct stat info;
  return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

char *uwsgi_simple_file_read(char *path) {
  const int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  size_t len = 0;
  char *text = uwsgi_read_fd(fd, &len, 1);
  close(fd);
  if (!text) return nullptr;
  for (--len; len > 0 && text[len - 1] == '\n'; --len) text[len - 1] = '\0';
  return text;
}

char *uwsgi_read_fd(int fd, size_t *size, int add_zero) {
  char *text = nullptr;
  size_t room = 0, have = 0;
  for (;;) {
    if (have + 1 >= room) text = static_cast<char *>(realloc(text, room += 64 * 1024));
    if (!text) uwsgi_exit(1);
    const ssize_t got = read(fd, text + have, room - have - 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return free(text), nullptr;
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  if (add_zero) text[have++] = '\0';
  *size = have;
  return text;
}

ssize_t uwsgi_file_read_size(const char *path) {
  struct stat info;
  return stat(path, &info) ? -1 : static_cast<ssize_t>(info.st_size);
}

int uwsgi_fcntl_lock(int fd) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  int result = 0;
  do {
    result = fcntl(fd, F_SETLKW, &whole);
  } while (result && errno == EINTR);
  return result;
}

}  // extern "C"
