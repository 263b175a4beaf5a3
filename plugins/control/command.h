// mortise reload, mortise stop: the command is told how it went, and its exit status says so.
#pragma once

namespace mortise::control {

// Option callbacks.
void set_command(char *name, char *pidfile, void *command);
void set_command_pid(char *name, char *pid, void *);

// Hook `magic`: a bare argument is the pid file of the command that was given.
int take_pidfile(char *, char *argument);

bool command_given();
// Exit status.
int run_command();

}  // namespace mortise::control
