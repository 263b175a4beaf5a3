#include "line_pipe.h"

#include <fcntl.h>
#include <limits.h>

#include <cerrno>
#include <string>

#include "log_file.h"

namespace mortise::logging {

namespace {

constexpr int kPipeBytes = 1 << 20;          // 256 messages; what an unprivileged process may have
constexpr size_t kLongestMessage = 1 << 20;  // longer ones are cut into several

// Another open file description, which has flags of its own.
int open_again(int fd, int flags) {
  return open(("/proc/self/fd/" + std::to_string(fd)).c_str(), flags | O_CLOEXEC);
}

}  // namespace

bool LinePipe::create() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_DIRECT)) return false;
  fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);
  give_to_user_of_server(ends[1]);  // who opens it again after a reload, and /dev/stderr in applications
  return adopt(ends[0], ends[1]);
}

bool LinePipe::adopt(int read_fd, int write_fd) {
  read_end.reset(read_fd);
  write_end.reset(write_fd);
  fcntl(read_fd, F_SETFL, O_NONBLOCK);
  prompt.reset(open_again(write_fd, O_WRONLY | O_NONBLOCK));
  return prompt && fcntl(prompt.get(), F_SETFL, O_NONBLOCK | O_DIRECT) == 0;
}

void LinePipe::close_writers() {
  write_end.reset();
  prompt.reset();
}

MessageReader::Status MessageReader::read(int fd) {
  if (!continued_) message_.clear();
  char packet[PIPE_BUF];
  ssize_t count = 0;
  do {
    count = ::read(fd, packet, sizeof packet);
  } while (count < 0 && errno == EINTR);
  bool ended = count <= 0;
  if (count > 0) {
    message_.append(packet, static_cast<size_t>(count));
    continued_ = count == PIPE_BUF && message_.back() != '\n' && message_.size() < kLongestMessage;
    if (continued_) return read(fd);
    return Status::kMessage;
  }
  // The rest of a long message comes right behind its beginning: there is none.
  if (ended && continued_) {
    continued_ = false;
    return Status::kMessage;
  }
  return count == 0 ? Status::kEnd : Status::kEmpty;
}

}  // namespace mortise::logging
