#include "kernel/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "kernel/handover.h"

namespace mortise {

namespace {

constexpr int kForChildren[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGTSTP};
constexpr int kForMaster[] = {SIGTERM, SIGINT,  SIGQUIT, SIGHUP,  SIGCHLD,
                              SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGTSTP};

sigset_t mask_before;
bool blocked = false;

sigset_t master_set() {
  sigset_t set;
  sigemptyset(&set);
  for (int signum : kForMaster) sigaddset(&set, signum);
  return set;
}

void set_disposition(int signum, SignalHandler handler) {
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART | (handler ? SA_SIGINFO : 0);
  if (handler) action.sa_sigaction = handler;  // else SIG_DFL, which is 0
  sigaction(signum, &action, nullptr);
}

}  // namespace

void block_master_signals() {
  sigset_t set = master_set(), before;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  // Hooks open signals for their own handlers, but never this one.
  if (blocked && sigismember(&before, SIGCHLD)) return;
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  if (std::exchange(blocked, true)) return;
  mask_before = before;
  // They are still blocked where the generation before executed this one, for none of them may get lost then.
  if (handover().generation && !handover().trial)
    for (int signum : kForMaster) sigdelset(&mask_before, signum);
  // An inherited SIG_IGN would make the system reap the children itself.
  set_disposition(SIGCHLD, nullptr);
  // A handler, not SIG_IGN: programs that the app runs shall have the default again, and only handlers end at
  // exec.
  for (int signum : {SIGPIPE, SIGXFSZ}) set_disposition(signum, [](int, siginfo_t *, void *) {});
}

Result<Fd> open_master_signals() {
  sigset_t set = master_set();
  Fd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return system_error("signalfd", errno, "raise the limit of open files", kExitSystem);
  return fd;
}

Signal next_signal(int fd) {
  signalfd_siginfo info;
  if (read(fd, &info, sizeof info) != sizeof info) return {};
  return {static_cast<int>(info.ssi_signo), static_cast<pid_t>(info.ssi_pid), info.ssi_code == SI_KERNEL};
}

void release_master_signals() {
  if (blocked) pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
  blocked = false;
}

void take_child_signals(SignalHandler handler) {
  for (int signum : kForMaster) set_disposition(signum, nullptr);
  for (int signum : kForChildren) set_disposition(signum, handler);
  release_master_signals();
}

void default_signal_async_safe(int signum) {
  set_disposition(signum, nullptr);
  raise(signum);
}

}  // namespace mortise
