// Starting a program for a daemon or a cron job.
#pragma once

#include <sys/types.h>

#include <string>

namespace mortise::daemons {

struct Program {
  const char *command;  // for /bin/sh -c
  std::string chdir;
  uid_t uid = 0;  // 0: as the server
  gid_t gid = 0;
  bool keeps_stdin = false;
  bool dies_with_parent = false;  // killed when the process that starts it dies
};

// Its pid, which is also that of its session and process group; -1 and errno.
pid_t start(const Program &program);

// What the shell is told: one that is a program and its arguments takes the shell's place, so that signals
// reach it.
std::string shell_command(const std::string &command);

// Signals as programs expect them, and no descriptor but the standard ones and `kept`. [child]
void prepare_child_async_safe(int kept = -1);

}  // namespace mortise::daemons
