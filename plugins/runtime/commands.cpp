// Programs that are started beside the server, or in place of the calling process, through the user's shell.
// They get no descriptor of the server but the standard ones, and signals as a program expects them.
#include <uwsgi.h>

#include <sys/signalfd.h>
#include <sys/syscall.h>

#include <csignal>
#include <initializer_list>

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

// The master waits for a command with its signals blocked: one that tells it to stop, and stays pending, ends
// the command, which would hold up the stop. Returns when the child has ended or was killed, or at once where
// signals are not blocked.
void end_where_told_to_stop(pid_t child, const char *what) {
  sigset_t blocked, stop;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  sigemptyset(&stop);
  for (int signum : {SIGTERM, SIGINT, SIGQUIT})
    if (sigismember(&blocked, signum)) sigaddset(&stop, signum);
  if (!sigismember(&stop, SIGTERM)) return;
  constexpr int kMercyMs = 1000;
  pollfd fds[] = {{static_cast<int>(syscall(SYS_pidfd_open, child, 0)), POLLIN, 0},
                  {signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK), POLLIN, 0}};
  auto has_ended = [&](nfds_t count, int timeout_ms) {
    int ready = 0;
    while ((ready = poll(fds, count, timeout_ms)) < 0 && errno == EINTR) continue;
    return ready <= 0 || fds[0].revents != 0;
  };
  if (fds[0].fd >= 0 && fds[1].fd >= 0 && !has_ended(2, -1)) {
    uwsgi_log("command '%s' (pid %d) is ended: the server is told to stop\n", what, static_cast<int>(child));
    kill(child, SIGTERM);
    has_ended(1, kMercyMs);
    if (!fds[0].revents) kill(child, SIGKILL);
  }
  for (const pollfd &each : fds)
    if (each.fd >= 0) close(each.fd);
}

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
  end_where_told_to_stop(child, arg ? arg : command);
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  return ended == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // extern "C"
