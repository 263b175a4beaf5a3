// Files without a name, for what is too large for memory.
#include <uwsgi.h>

#include <string>

extern "C" {

int uwsgi_tmpfd() {
  const char *folder = getenv("TMPDIR");
  if (!folder || !*folder) folder = "/tmp";
  int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  std::string name = std::string(folder) + "/mortise-XXXXXX";  // a file system without O_TMPFILE
  fd = mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) unlink(name.c_str());
  return fd;
}

FILE *uwsgi_tmpfile() {
  const int fd = uwsgi_tmpfd();
  return fd < 0 ? nullptr : fdopen(fd, "w+");
}

}  // extern "C"
