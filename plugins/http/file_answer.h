// The rest of a file on its way to a client, as fast as the client reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace mortise::http {

class Stream;

class FileAnswer {
 public:
  FileAnswer() = default;
  // borrowed: somebody else closes the descriptor, perhaps soon; see keep().
  FileAnswer(int fd, uint64_t pos, uint64_t len, bool borrowed = false)
      : fd_(fd), borrowed_(borrowed), pos_(pos), left_(len) {}
  FileAnswer(FileAnswer &&other) noexcept { *this = std::move(other); }
  FileAnswer &operator=(FileAnswer &&other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(borrowed_, other.borrowed_);
    std::swap(pos_, other.pos_);
    std::swap(left_, other.left_);
    return *this;
  }
  ~FileAnswer();

  uint64_t left() const { return left_; }
  // For what cannot be sent at once: the descriptor becomes its own. False: out of descriptors.
  bool keep();
  // The next bytes, that many. False: the file has become shorter, or cannot be read.
  bool read(char *out, size_t size);
  // Sends what the client takes; the rest waits for drained(). False: the file or the client is gone.
  bool send(Stream &to);

 private:
  int fd_ = -1;
  bool borrowed_ = false;
  uint64_t pos_ = 0, left_ = 0;
};

}  // namespace mortise::http
