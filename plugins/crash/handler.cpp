#include "handler.h"

#include <uwsgi.h>

#include <sys/syscall.h>

#include <atomic>
#include <csignal>

#include "report.h"

namespace mortise::crash {

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr unsigned kReportSeconds = 5;

std::atomic<int> first{0};  // the signal of the crash that is reported

// Of this signal, in this thread, as soon as it is not blocked: when the handler returns, with the registers
// as they were, which is what a core dump shall have.
void die_async_safe(int signum) {
  signal(signum, SIG_DFL);
  syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signum);
}

// A lock that is held by whom the crash stopped, or a log that nobody reads.
void end_report(int) {
  const int signum = first;
  die_async_safe(signum);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signum);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
}

void limit_time_async_safe() {
  struct sigaction action {};
  action.sa_handler = end_report;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGALRM, &action, nullptr);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  alarm(kReportSeconds);
}

// All crash signals are blocked: the system itself ends a process that makes another wrong access here.
void on_crash(int signum, siginfo_t *info, void *context) {
  int none = 0;
  if (first.compare_exchange_strong(none, signum)) {
    limit_time_async_safe();
    write_report_async_safe(*info, context);
  } else {
    // Another thread's report is under way, and ends the process.
    for (unsigned i = 0; i <= kReportSeconds; ++i) {
      timespec second{1, 0};
      nanosleep(&second, nullptr);
    }
  }
  die_async_safe(signum);
}

}  // namespace

void watch_crashes() {
  struct sigaction action {};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (int signum : kSignals) sigaddset(&action.sa_mask, signum);
  for (int signum : kSignals) {
    struct sigaction before {};
    sigaction(signum, nullptr, &before);
    if (before.sa_handler == SIG_DFL) sigaction(signum, &action, nullptr);
  }
}

}  // namespace mortise::crash
