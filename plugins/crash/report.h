// What the log gets of a crash.
#pragma once

#include <csignal>

namespace mortise::crash {

// Loads what reports need. [master, before any is written]
void prepare_report();

// Finds who tells the stacks of languages. [master, when all plugins are started]
void find_languages();

// Writes it to standard error. context is what a signal handler gets.
void write_report_async_safe(const siginfo_t &info, void *context);

}  // namespace mortise::crash
