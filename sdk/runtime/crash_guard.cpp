#include "sdk/runtime/crash_guard.h"

#include <unistd.h>
#include <uwsgi.h>

#include <cstring>
#include <iterator>
#include <utility>

#include "kernel/log.h"
#include "kernel/result.h"

namespace mortise {

namespace {

char whose[512] = "";
CrashGuard::Moment moment = CrashGuard::Moment::kNone;

// For the handler alone, which runs where a plugin has used up its stack.
alignas(16) char handler_stack[64 * 1024];

bool stack_is_ours(const stack_t &stack) {
  return stack.ss_sp == handler_stack && !(stack.ss_flags & SS_DISABLE);
}

// One that there is already goes on being used.
void use_handler_stack(bool use) {
  stack_t stack{};
  if (sigaltstack(nullptr, &stack)) return;
  const bool is_none = stack.ss_flags & SS_DISABLE;
  if (use ? !is_none : !stack_is_ours(stack)) return;
  stack = {handler_stack, use ? 0 : SS_DISABLE, sizeof handler_stack};
  sigaltstack(&stack, nullptr);
}

void say_and_end_async_safe(int signum) {
  const bool loading = moment == CrashGuard::Moment::kLoading;
  const char *name = sigabbrev_np(signum);
  const char *parts[] = {
      "plugin '",
      whose,
      loading ? "' refused: it crashed while it was loaded (SIG" : "' crashed in its init hook (SIG",
      name ? name : "?",
      loading ? ")\n  its constructors or its on_load crash: " : ")\n  ",
      "run it in a debugger, or do without it\n"};
  for (const char *part : parts)
    if (write(STDERR_FILENO, part, strlen(part)) < 0) break;
  _exit(kExitPlugin);
}

}  // namespace

void CrashGuard::catch_exit(int status) {
  // A plugin that knows the server's own statuses has said why.
  const bool is_told = status == kExitNoApp || (status >= kExitUsage && status <= kExitPlugin);
  if (moment == Moment::kInit && !is_told && getpid() == uwsgi.mypid) {
    const char *format = "plugin '%s' ended the server: its init hook called exit(%d)";
    status ? log_error(format, whose, status) : log_info(format, whose, status);
  }
  if (std::exchange(moment, Moment::kNone) != Moment::kLoading) return;
  log_error({"plugin '" + std::string(whose) + "' refused",
             "it ended the process while it was loaded, exit status " + std::to_string(status),
             "its constructors or its on_load call exit(): do without it", kExitPlugin});
  fflush(nullptr);
  _exit(kExitPlugin);
}

CrashGuard::CrashGuard(const std::string &plugin, Moment now) : outer_(whose), outer_moment_(moment) {
  snprintf(whose, sizeof whose, "%s", plugin.c_str());
  moment = now;
  [[maybe_unused]] static const int registered =
      on_exit([](int status, void *) { catch_exit(status); }, nullptr);
  struct sigaction action {};
  action.sa_handler = say_and_end_async_safe;
  action.sa_flags = SA_ONSTACK;
  use_handler_stack(true);
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &action, &before_[i]);
}

CrashGuard::~CrashGuard() {
  snprintf(whose, sizeof whose, "%s", outer_.c_str());
  moment = outer_moment_;
  if (moment == Moment::kNone) use_handler_stack(false);
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    struct sigaction now {};
    sigaction(kSignals[i], &before_[i], &now);
    if (now.sa_handler != say_and_end_async_safe) sigaction(kSignals[i], &now, nullptr);  // the plugin's own
  }
}

}  // namespace mortise
