// Logger pipe: the standard input of a command, which is started again when it ends.
#include "loggers.h"

namespace mortise::logging {

namespace {

constexpr uint64_t kRestartUs = 1'000'000;  // least time between two starts

struct Command {
  pid_t pid = -1;
  int fd = -1;
  uint64_t started_us = 0;
};

bool start(Command &command, const char *arg) {
  if (command.started_us && uwsgi_monotonic_micros() - command.started_us < kRestartUs)
    return errno = EPIPE, false;
  if (command.fd >= 0) close(command.fd);
  command.fd = -1;
  if (command.pid > 0) waitpid(command.pid, nullptr, WNOHANG);
  command.started_us = uwsgi_monotonic_micros();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return false;
  command.pid = uwsgi_run_command(const_cast<char *>(arg), ends, -1);
  close(ends[0]);
  command.fd = ends[1];
  return command.pid > 0;
}

ssize_t to_command(uwsgi_logger *logger, char *line, size_t len) {
  if (!logger->configured) {
    logger->configured = 1;
    if (logger->arg && *logger->arg)
      logger->data = new Command;
    else
      uwsgi_log("logger pipe: it needs a command (logger = pipe:command)\n");
  }
  auto *command = static_cast<Command *>(logger->data);
  if (!command) return 0;
  if (command->fd < 0 && !start(*command, logger->arg)) return -1;
  ssize_t written = write(command->fd, line, len);
  if (written < 0 && errno == EPIPE && start(*command, logger->arg)) written = write(command->fd, line, len);
  logger->fd = command->fd;
  return written;
}

}  // namespace

void register_pipe_logger() {
  uwsgi_register_logger("pipe", to_command);
}

}  // namespace mortise::logging
