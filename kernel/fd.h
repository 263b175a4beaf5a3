// Owner of a file descriptor. Descriptors are close-on-exec by construction.
#pragma once

#include <unistd.h>

#include <utility>

#include "kernel/result.h"

namespace mortise {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd &operator=(Fd &&other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  Fd(const Fd &) = delete;
  Fd &operator=(const Fd &) = delete;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC. The Error names the path.
Result<Fd> open_file(const char *path, int flags, int mode = 0);

// pipe2(2): close-on-exec and, where asked, non-blocking on both ends.
struct Pipe {
  Fd read_end, write_end;
};
Result<Pipe> make_pipe(bool nonblocking);

// eventfd(2), close-on-exec and non-blocking.
Result<Fd> make_eventfd();
// Opens /dev/null for each of 0 to 2 that is closed: or the next socket would become stderr, and get the log.
void fill_standard_descriptors();

// Switches O_NONBLOCK on or off.
Result<void> set_nonblocking(int fd, bool on);

// Whole contents of a file, at most max_bytes long (a longer one is an error).
Result<std::string> read_file(const char *path, size_t max_bytes);

}  // namespace mortise
