#include "segfault.h"

#include <uwsgi.h>

#include <execinfo.h>

#include <cstring>

#include "channel.h"
#include "options.h"

namespace mortise::alarms {

namespace {

constexpr int kFrames = 64;

char message[8192];
int head_bytes = 0;  // of the message, written when the handler is installed
int stack_file = -1;
struct sigaction before;  // the default, or who reports crashes

// backtrace_symbols_fd(3) writes to a descriptor only; it and what else is called here is async-signal-safe.
void on_fault(int signum) {
  void *frames[kFrames];
  const int count = backtrace(frames, kFrames);
  auto bytes = static_cast<size_t>(head_bytes);
  if (stack_file >= 0) {
    backtrace_symbols_fd(frames, count, stack_file);
    const ssize_t len = pread(stack_file, message + bytes, sizeof message - bytes, 0);
    if (len > 0) bytes += static_cast<size_t>(len);
  }
  for (const uwsgi_string_list *alarm = options().segfault; alarm; alarm = alarm->next)
    channel().send_async_safe({alarm->value, alarm->len}, {message, bytes},
                              static_cast<size_t>(options().message_bytes));
  sigaction(signum, &before, nullptr);
  raise(signum);  // not blocked (SA_NODEFER)
}

}  // namespace

void watch_segfaults() {
  if (!options().segfault || !channel().is_open()) return;
  void *frame = nullptr;
  backtrace(&frame, 1);  // loads what it needs while that is allowed
  stack_file = memfd_create("segfault", MFD_CLOEXEC);
  head_bytes = snprintf(message, sizeof message, "*** backtrace of %d ***\n", static_cast<int>(getpid()));
  for (uwsgi_string_list *alarm = options().segfault; alarm; alarm = alarm->next)
    alarm->len = strlen(alarm->value);
  struct sigaction action {};
  action.sa_handler = on_fault;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
  sigaction(SIGSEGV, &action, &before);
}

}  // namespace mortise::alarms
