// Standard output and error of all processes, before and after they belong to the log: who holds which end of
// the pipes, in the master, in its children and over a reload.
#pragma once

#include "line_pipe.h"

namespace mortise::logging {

struct Ends {
  LinePipe lines;     // of the server and its applications
  LinePipe requests;  // of requests, where these have loggers of their own
  int original_out = -1, original_err = -1;
  bool taken = false;  // standard output and error are `lines`
};
Ends &ends();

// Makes the pipes, or finds those of the generation before. False, and the log says why. [master, init]
bool make_pipes(bool for_requests);
// Standard output and error become the pipe. [master, before the first fork; later calls change nothing]
void take_over();
// The part of each child: it may wait for the pipe, and passes nothing on to programs that it executes.
void enter_child();
// Gives standard output and error back. [logger process]
void give_back();

}  // namespace mortise::logging
