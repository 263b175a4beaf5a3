#include "sdk/runtime/crash_guard.h"

#include <unistd.h>

#include <cstring>
#include <iterator>

#include "kernel/log.h"
#include "kernel/result.h"

namespace mortise {

namespace {

char whose[512] = "";  // empty: no foreign code is being loaded

void say_and_end_async_safe(int signum) {
  const char *name = sigabbrev_np(signum);
  const char *parts[] = {
      "plugin '", whose, "' refused: it crashed while it was loaded (SIG", name ? name : "?",
      ")\n  its constructors or its on_load crash: run it in a debugger, or do without it\n"};
  for (const char *part : parts)
    if (write(STDERR_FILENO, part, strlen(part)) < 0) break;
  _exit(kExitPlugin);
}

}  // namespace

void CrashGuard::catch_exit(int status) {
  if (!*whose) return;
  log_error({"plugin '" + std::string(whose) + "' refused",
             "it ended the process while it was loaded, exit status " + std::to_string(status),
             "its constructors or its on_load call exit(): do without it", kExitPlugin});
  fflush(nullptr);
  _exit(kExitPlugin);
}

CrashGuard::CrashGuard(const std::string &plugin) : outer_(whose) {
  snprintf(whose, sizeof whose, "%s", plugin.c_str());
  [[maybe_unused]] static const int registered =
      on_exit([](int status, void *) { catch_exit(status); }, nullptr);
  struct sigaction action {};
  action.sa_handler = say_and_end_async_safe;
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &action, &before_[i]);
}

CrashGuard::~CrashGuard() {
  snprintf(whose, sizeof whose, "%s", outer_.c_str());
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

}  // namespace mortise
