// Signals become descriptors: the master reads its signals from a signalfd, a supervised process gets one
// handler that may only do what is async-signal-safe. What a signal means is decided elsewhere.
#pragma once

#include <csignal>

#include "kernel/fd.h"

namespace mortise {

// Blocks the signals that the master reads, for this thread and those it starts later, and neutralises
// SIGPIPE. Call it before any thread exists, and again where a plugin's runtime may have opened them.
// [master]
void block_master_signals();

// signalfd(2) of the blocked signals, non-blocking. [master]
Result<Fd> open_master_signals();

// The next signal that is pending on the descriptor, and who sent it; number 0 if there is none. [master]
struct Signal {
  int number = 0;
  pid_t sender = 0;
  bool of_terminal = false;  // Ctrl-C, Ctrl-Z: the whole foreground group has it
};
Signal next_signal(int fd);

// The mask from before block_master_signals(). [master, at its end; child]
void release_master_signals();

// What a process does with the signals that end or reload a server.
using SignalHandler = void (*)(int signum, siginfo_t *info, void *context);

// Gives a forked child its own dispositions: `handler` for TERM, INT, QUIT, HUP and TSTP, the default for the
// others that the master blocked, and the mask from before block_master_signals(). [child, right after fork]
void take_child_signals(SignalHandler handler);

// For a handler that found out it runs in a process that its own process forked: does what the signal does by
// default, once the handler has returned.
void default_signal_async_safe(int signum);

}  // namespace mortise
