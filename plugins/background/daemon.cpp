#include "daemon.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <string>

namespace mortise::background {

namespace {

constexpr int kExitNoInput = 66, kExitSystem = 71;
std::string log_path;
int starter = -1;  // pipe to the process that waits

[[noreturn]] void fail(const std::string &what, int status) {
  uwsgi_log("error: daemonize: %s: %s\n", what.c_str(), strerror(errno));
  exit(status);
}

// One byte: it serves. None: it has ended, and its status is ours.
[[noreturn]] void wait_for_start(pid_t server, int pipe_end) {
  char byte;
  ssize_t got;
  do {
    got = read(pipe_end, &byte, 1);
  } while (got < 0 && errno == EINTR);
  int outcome = 0;
  if (got != 1) waitpid(server, &outcome, 0);
  _exit(got == 1 ? 0 : WIFEXITED(outcome) && WEXITSTATUS(outcome) ? WEXITSTATUS(outcome) : 1);
}

}  // namespace

void set_log(char *, char *path, void *) {
  log_path = path;
}

void go_to_background() {
  if (log_path.empty() || uwsgi_generation() != 0) return;  // a reload stays where the server is
  if (!log_path.starts_with('/')) log_path = std::string(uwsgi.cwd) + "/" + log_path;
  int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
  if (log < 0) fail("open " + log_path, kExitNoInput);
  int pipes[2];
  if (pipe2(pipes, O_CLOEXEC)) fail("pipe", kExitSystem);
  fflush(nullptr);
  pid_t child = fork();
  if (child < 0) fail("fork", kExitSystem);
  if (child > 0) {
    close(pipes[1]);
    wait_for_start(child, pipes[0]);
  }
  close(pipes[0]);
  starter = pipes[1];
  setsid();
  uwsgi.mypid = getpid();
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  close(null);
  close(log);
}

void release_starter() {
  if (starter < 0) return;
  [[maybe_unused]] ssize_t ignored = write(starter, "", 1);
  forget_starter();
}

void forget_starter() {
  if (starter >= 0) close(starter);
  starter = -1;
}

}  // namespace mortise::background
