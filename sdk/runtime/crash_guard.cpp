#include "sdk/runtime/crash_guard.h"

#include <unistd.h>

#include <cstring>
#include <iterator>

#include "kernel/result.h"

namespace mortise {

namespace {

char message[512];

void say_and_end_async_safe(int signum) {
  const char *name = sigabbrev_np(signum);
  const char *parts[] = {
      message, " (SIG", name ? name : "?",
      ")\n  its constructors or its on_load crash: run it in a debugger, or do without it\n"};
  for (const char *part : parts)
    if (write(STDERR_FILENO, part, strlen(part)) < 0) break;
  _exit(kExitPlugin);
}

}  // namespace

CrashGuard::CrashGuard(const std::string &text) {
  strncpy(message, text.c_str(), sizeof message - 1);
  struct sigaction action {};
  action.sa_handler = say_and_end_async_safe;
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &action, &before_[i]);
}

CrashGuard::~CrashGuard() {
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

}  // namespace mortise
