#include "file_answer.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "stream.h"

namespace mortise::http {

FileAnswer::~FileAnswer() {
  if (fd_ >= 0 && !borrowed_) close(fd_);
}

bool FileAnswer::keep() {
  if (!borrowed_) return true;
  fd_ = fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  borrowed_ = false;
  return fd_ >= 0;
}

bool FileAnswer::read(char *out, size_t size) {
  while (size > 0) {
    ssize_t got = pread(fd_, out, size, static_cast<off_t>(pos_));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    pos_ += static_cast<uint64_t>(got);
    left_ -= static_cast<uint64_t>(got);
    out += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

// libuv tells that a socket takes more only of what was queued with it: a piece is queued, and what follows
// it goes by sendfile again when that has left.
bool FileAnswer::send(Stream &to) {
  constexpr size_t kQueuedPiece = 64 * 1024;
  while (left_ > 0 && to.queued_bytes() == 0) {
    off_t offset = static_cast<off_t>(pos_);
    ssize_t sent = sendfile(to.fd(), fd_, &offset, std::min<uint64_t>(left_, 1 << 30));
    if (sent > 0) {
      pos_ += static_cast<uint64_t>(sent);
      left_ -= static_cast<uint64_t>(sent);
      continue;
    }
    if (sent == 0) return false;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return false;
    char piece[kQueuedPiece];
    const size_t size = static_cast<size_t>(std::min<uint64_t>(left_, sizeof piece));
    if (!read(piece, size) || !to.write({piece, size})) return false;
  }
  return true;
}

}  // namespace mortise::http
