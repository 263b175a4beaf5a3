#include "spawn.h"

#include <uwsgi.h>

#include <sys/prctl.h>

#include <algorithm>

namespace mortise::daemons {

void prepare_child_async_safe(int kept) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signum = 1; signum < NSIG; ++signum)
    if (signum != SIGKILL && signum != SIGSTOP) sigaction(signum, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (kept > 3) close_range(3, static_cast<unsigned>(kept) - 1, 0);
  close_range(kept >= 3 ? static_cast<unsigned>(kept) + 1 : 3, ~0U, 0);
  if (kept >= 3) fcntl(kept, F_SETFD, 0);
}

namespace {

bool is_program(const std::string &word) {
  if (word.find('/') != std::string::npos) return access(word.c_str(), X_OK) == 0;
  std::string folders = getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin";
  for (size_t pos = 0; pos < folders.size();) {
    size_t end = std::min(folders.find(':', pos), folders.size());
    if (access((folders.substr(pos, end - pos) + "/" + word).c_str(), X_OK) == 0) return true;
    pos = end + 1;
  }
  return false;
}

}  // namespace

std::string shell_command(const std::string &command) {
  size_t begin = command.find_first_not_of(" \t");
  if (begin == std::string::npos || command.find_first_of("|&;<>()\n") != std::string::npos) return command;
  std::string first = command.substr(begin, command.find_first_of(" \t", begin) - begin);
  return is_program(first) ? "exec " + command : command;
}

pid_t start(const Program &program) {
  std::string command = shell_command(program.command);
  int none = program.keeps_stdin ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
  const char *folder = program.chdir.empty() ? nullptr : program.chdir.c_str();
  pid_t parent = getpid(), child = fork();
  if (child != 0) {
    int saved = errno;
    if (none >= 0) close(none);
    errno = saved;
    return child;
  }
  setsid();
  if (program.dies_with_parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
  }
  if (none >= 0) dup2(none, STDIN_FILENO);
  prepare_child_async_safe();
  bool ready = (!folder || chdir(folder) == 0) &&
               (!program.gid || (setgroups(0, nullptr) == 0 && setgid(program.gid) == 0)) &&
               (!program.uid || setuid(program.uid) == 0);
  if (ready && (program.gid || program.uid) && program.dies_with_parent)
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // forgotten with the old user
  if (ready) execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  _exit(127);
}

}  // namespace mortise::daemons
