#include "kernel/fd.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace mortise {

namespace {

constexpr size_t kFirstRead = 16 * 1024;

bool out_of_resources(int errnum) {
  return errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM;
}

Error file_error(const char *verb, const char *path, int errnum) {
  return system_error(std::string(verb) + " " + path, errnum, {},
                      out_of_resources(errnum) ? kExitSystem : kExitNoInput);
}

}  // namespace

Result<Fd> open_file(const char *path, int flags, int mode) {
  int fd;
  do {
    fd = open(path, flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);  // a FIFO's other end may take its time
  if (fd < 0) return file_error("open", path, errno);
  return Fd(fd);
}

Result<Pipe> make_pipe(bool nonblocking) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0)) < 0)
    return system_error("make a pipe", errno, "raise --max-fd", kExitSystem);
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<Fd> make_eventfd() {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return system_error("make an eventfd", errno, "raise --max-fd", kExitSystem);
  return Fd(fd);
}

void fill_standard_descriptors() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);  // gives the lowest that is free
  if (fd > STDERR_FILENO) close(fd);
}

Result<void> set_nonblocking(int fd, bool on) {
  int flags = fcntl(fd, F_GETFL);
  int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (flags < 0 || (wanted != flags && fcntl(fd, F_SETFL, wanted) < 0))
    return system_error("change the mode of descriptor " + std::to_string(fd), errno);
  return {};
}

Result<std::string> read_file(const char *path, size_t max_bytes) {
  Result<Fd> fd = open_file(path, O_RDONLY | O_NOCTTY);
  if (!fd) return fd.error();
  struct stat status {};
  if (fstat(fd->get(), &status) < 0) return file_error("read", path, errno);
  // The size is only a guess: files of /proc say 0, pipes say nothing, others may grow while they are read.
  size_t guess =
      S_ISREG(status.st_mode) && status.st_size > 0 ? static_cast<size_t>(status.st_size) + 1 : kFirstRead;
  std::string text;
  size_t filled = 0;
  for (;;) {
    if (filled == text.size()) text.resize(std::min(std::max(guess, 2 * filled), max_bytes + 1));
    ssize_t count = read(fd->get(), text.data() + filled, text.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error("read", path, errno);
    if (count == 0) break;
    filled += static_cast<size_t>(count);
    if (filled > max_bytes)
      return Error{std::string("read ") + path,
                   "it is longer than " + std::to_string(max_bytes) + " bytes",
                   {},
                   kExitNoInput};
  }
  text.resize(filled);
  return text;
}

}  // namespace mortise
