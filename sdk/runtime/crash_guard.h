// Says who it was when the process crashes while foreign code is run for the first time.
#pragma once

#include <csignal>
#include <string>

namespace mortise {

// While it lives, a fatal signal writes `text` and the signal's name to standard error and ends the process
// with kExitPlugin. One at a time, in the thread that loads plugins. Handlers that were set before come back.
class CrashGuard {
 public:
  explicit CrashGuard(const std::string &text);
  ~CrashGuard();
  CrashGuard(const CrashGuard &) = delete;
  CrashGuard &operator=(const CrashGuard &) = delete;

 private:
  static constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
  struct sigaction before_[sizeof kSignals / sizeof *kSignals];
};

}  // namespace mortise
