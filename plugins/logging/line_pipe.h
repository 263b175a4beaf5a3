// A pipe of log lines: any process writes, the logger process reads. Each write(2) stays one message (packet
// mode, pipe(7) O_DIRECT), so that a traceback is one line to loggers and encoders. Unlike a socket it can be
// opened as /dev/stderr, takes writes of any size, and outlives its reader.
#pragma once

#include <string>

#include "owner.h"

namespace mortise::logging {

struct LinePipe {
  Fd read_end;   // non-blocking
  Fd write_end;  // blocking: standard error of applications, which expect no EAGAIN
  Fd prompt;     // the same end, non-blocking: for what must not wait, the server's own lines

  explicit operator bool() const { return static_cast<bool>(write_end); }

  // False and errno where there are no descriptors left.
  bool create();
  // The pipe of the generation before, from its two ends.
  bool adopt(int read_fd, int write_fd);
  void close_writers();
};

// Messages out of what read(2) brings: writes of more than a page come in several packets.
class MessageReader {
 public:
  enum class Status { kMessage, kEmpty, kEnd };
  Status read(int fd);
  const std::string &message() const { return message_; }

 private:
  std::string message_;
  bool continued_ = false;
};

}  // namespace mortise::logging
