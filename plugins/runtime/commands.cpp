// Programs that are started beside the server, or in place of the calling process, through the user's shell.
// They get no descriptor of the server but the standard ones, and signals as a program expects them.
#include <uwsgi.h>

#include <csignal>

namespace {

void restore_signals_async_safe() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signum = 1; signum < NSIG; ++signum)
    if (signum != SIGKILL && signum != SIGSTOP) sigaction(signum, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void execute_async_safe(const char *file, char *const *argv) {
  restore_signals_async_safe();
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  execvp(file, argv);
  _exit(127);
}

// The arguments of "sh -c command".
struct ShellCommand {
  char *argv[4];
  explicit ShellCommand(char *command) : argv{shell, dash_c, command, nullptr} {}

 private:
  static inline char shell[] = "/bin/sh", dash_c[] = "-c";
};

}  // namespace

extern "C" {

char *uwsgi_binsh(void) {
  static char shell[] = "/bin/sh";
  return shell;
}

void uwsgi_exec_command_with_args(char *command) {
  ShellCommand shell(command);
  execute_async_safe(shell.argv[0], shell.argv);
}

pid_t uwsgi_run_command(char *command, int *stdin_fd, int stdout_fd) {
  ShellCommand shell(command);
  pid_t child = fork();
  if (child != 0) return child;
  if (stdin_fd && stdin_fd[0] >= 0) dup2(stdin_fd[0], STDIN_FILENO);
  if (stdout_fd >= 0) dup2(stdout_fd, STDOUT_FILENO);
  execute_async_safe(shell.argv[0], shell.argv);
}

int uwsgi_run_command_and_wait(char *command, char *arg) {
  ShellCommand shell(arg);
  char *direct[] = {command, arg, nullptr};
  pid_t child = fork();
  if (child == 0) execute_async_safe(command ? command : shell.argv[0], command ? direct : shell.argv);
  if (child < 0) return -1;
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  return ended == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // extern "C"
