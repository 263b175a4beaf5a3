// Says who it was when the process crashes, or is ended, while foreign code is run for the first time.
#pragma once

#include <csignal>
#include <string>

namespace mortise {

// While it lives, a fatal signal writes who it was and the signal's name to standard error and ends the
// process with kExitPlugin; while a plugin is loaded so does a call of exit(). An init hook may end the
// server with it: plugins that are commands (uWSGI's ping and nagios) do, and their status is the answer. In
// the thread that starts plugins; one may load another. Handlers that were set before come back, unless the
// plugin set its own.
class CrashGuard {
 public:
  enum class Moment { kNone, kLoading, kInit };
  CrashGuard(const std::string &plugin, Moment moment);
  ~CrashGuard();
  // uwsgi_exit() or exit() was called: says by whom. Ends the process if foreign code is just being loaded.
  static void catch_exit(int status);
  CrashGuard(const CrashGuard &) = delete;
  CrashGuard &operator=(const CrashGuard &) = delete;

 private:
  static constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
  const std::string outer_;
  const Moment outer_moment_;
  struct sigaction before_[sizeof kSignals / sizeof *kSignals];
};

}  // namespace mortise
