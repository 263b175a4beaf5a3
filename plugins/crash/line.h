// A line of text that is written at once, put together without allocating: for signal handlers.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mortise::crash {

class Line {
 public:
  Line &text(const char *text) { return bytes(text, strlen(text)); }

  // At most `most` bytes of it; what is no printable ASCII becomes a question mark.
  Line &foreign(const char *text, size_t len, size_t most) {
    for (size_t i = 0; text && i < len && i < most; ++i)
      put(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
    return len > most ? this->text("...") : *this;
  }

  Line &number(uint64_t value, unsigned base = 10) {
    char digits[24];
    size_t begin = sizeof digits;
    do digits[--begin] = "0123456789abcdef"[value % base];
    while (value /= base);
    return bytes(digits + begin, sizeof digits - begin);
  }

  void write_async_safe(int fd) {
    line_[used_] = '\n';
    [[maybe_unused]] ssize_t ignored = write(fd, line_, used_ + 1);
  }

 private:
  void put(char byte) {
    if (used_ < sizeof line_ - 1) line_[used_++] = byte;
  }
  Line &bytes(const char *text, size_t len) {
    for (size_t i = 0; i < len; ++i) put(text[i]);
    return *this;
  }

  char line_[2048];
  size_t used_ = 0;
};

}  // namespace mortise::crash
