// uwsgi.workers, their cores and apps, and uwsgi.shared: what processes know of each other, in shared memory.
// The master writes pid, ready and the counts of spawns (pid: also a worker that comes first); everything
// else of a slot belongs to its worker.
#pragma once

#include <sys/types.h>

#include "kernel/result.h"

namespace mortise {

// Allocates the slots 0..numproc with uwsgi.cores cores and uwsgi.max_apps apps each. [master, before fork]
Result<void> create_scoreboard();

// Gives the calling process cores and apps of its own, in memory that the others see: uwsgi.workers[wid] has
// them here, and everywhere once it is ready; the master's apps are copied. [worker, before its threads]
Result<void> own_bank(int wid);

// Gives a slot that is nobody's to this process: a replacement has its turn when it is ready. [worker, which
// may serve before its master goes on; record_spawn() does the same]
void record_start(int wid, pid_t pid);

// What the master records about worker wid. Without a scoreboard, or for an unknown wid, nothing happens.
// [master]
void record_spawn(int wid, pid_t pid);
void record_cheaped(int wid, bool cheaped);
void record_ready(int wid, pid_t pid);
void record_exit(int wid, pid_t pid);

}  // namespace mortise
