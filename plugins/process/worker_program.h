// A program that is run in the place of each worker, with the first listening socket as its standard input:
// what speaks FastCGI, or any protocol, and accepts by itself.
#pragma once

namespace mortise::process {

struct WorkerProgram {
  char *at_once = nullptr;             // right after the fork
  char *after_applications = nullptr;  // after the hooks post_fork of plugins, and their applications
};
extern WorkerProgram worker_program;

// Callback of the options; no application is needed then. [load]
void set_worker_program(char *name, char *value, void *program);

// Ends the start where the program cannot be executed. [init]
int check_worker_program();

// Hooks. [worker]
void become_program_after_fork(int step);
int become_program();

}  // namespace mortise::process
