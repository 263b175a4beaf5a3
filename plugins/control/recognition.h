// Whether a process is a server of ours, before a signal meant for one ends something else.
#pragma once

#include <sys/types.h>

#include <string>

namespace mortise::control {

// The name of the program that a process runs where that is certainly no mortise; empty where it is one,
// under whatever name and in whatever program, or where that cannot be told (another user's process).
std::string other_program(pid_t pid);

}  // namespace mortise::control
