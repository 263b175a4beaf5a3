// What a supervised process knows after the fork: when to stop, whether its master lives, how to tell it
// things. Knows nothing of what the process does.
//
// A child obeys the master only. TERM, QUIT or HUP from anyone else becomes the wish to be replaced, which
// the master grants unless it is stopping: so a signal to the whole process group (a service manager, a
// closed terminal, Ctrl-C) cannot break the order in which the master stops them.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "kernel/fd.h"

namespace mortise {

// What a child tells the master. One message is one write(2) of less than PIPE_BUF bytes: it arrives whole or
// not.
enum class ChildReport : uint32_t { kReady, kReplaceMe };
struct ChildMessage {
  pid_t pid;
  ChildReport report;
};

// Descriptors that tie a child to its master. All of it absent: a process that has no master and obeys any
// signal.
struct ChildLinks {
  pid_t master = 0;
  Fd stop_event;               // eventfd: the master wrote to it when this process is to stop
  Fd lifeline;                 // pipe whose only writer is the master: hangs up when the master dies
  Fd messages;                 // pipe to the master, non-blocking
  int64_t orphan_ms = 30'000;  // how long its work may take once the master is dead; then it is killed
};

// What a process may take to stop that has not been ready yet: nobody would miss its work.
constexpr int64_t kUnreadyMercyMs = 500;

// Becomes a supervised process: signals, death of the master, the stop descriptor. [child, right after fork]
Result<void> enter_child(ChildLinks links);

// 1 once the process is to stop, told by a signal or seen by uwsgi_stopping(); costs nothing.
// uwsgi_stopping() also looks at the stop descriptor, which is a system call until it says yes: call that one
// when uwsgi_stop_fd() reports.
bool stop_requested();

// What the process does when the master says that its place in the scoreboard has another `suspended`; called
// in a signal handler. Without it the process ignores that. [child]
void on_pause_async_safe(void (*func)());

// Whether the master is dead. [child]
bool orphaned();

// Asks the master for a successor: this process goes on until it is told to stop, once the other is ready.
// [child]
void ask_replacement();

// Also owned here: uwsgi_stop_fd(), uwsgi_stopping(), uwsgi_process_ready(), uwsgi_master_pid().

}  // namespace mortise
