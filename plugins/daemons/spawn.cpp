#include "spawn.h"

#include <uwsgi.h>

#include <sys/prctl.h>

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

pid_t start(const Program &program) {
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
  if (ready) execl("/bin/sh", "sh", "-c", program.command, nullptr);
  _exit(127);
}

}  // namespace mortise::daemons
