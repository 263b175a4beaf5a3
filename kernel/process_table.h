// The states of a supervised process and what each event does in each: a table, and nothing that acts on it.
#pragma once

#include <cstdint>

namespace mortise {

enum class ProcessState : uint8_t {
  kWaiting,   // does not run; is forked when its time comes
  kStarting,  // runs, has not said that it is ready
  kReady,     // does its work
  kStopping,  // was told to finish, may take until its deadline
  kKilling,   // was killed, is not reaped yet
  kGone,      // ended and does not come back
};
constexpr int kProcessStates = 6;

enum class ProcessEvent : uint8_t {
  kDue,            // its time to be forked, or its deadline, has come
  kForked,         //
  kForkFailed,     //
  kReady,          // it said so
  kExited,         // it ended, and is wanted again
  kExitedForGood,  // it ended, and is not wanted again
  kStop,           // it shall finish and end
  kKill,           // it shall end at once
};
constexpr int kProcessEvents = 8;

enum class ProcessAction : uint8_t {
  kIgnore,      // nothing to do: the event crossed another one on its way
  kImpossible,  // the supervisor would have to be wrong: log it and go on
  kFork,        // fork, then report kForked or kForkFailed
  kStarted,     // log it
  kRetryLater,  // log it, wait longer each time
  kServe,       // log it; its predecessor can stop
  kRespawn,     // log the death, wait if deaths come quickly
  kForget,      // log the end, drop the process
  kTell,        // stop event and SIGTERM; the deadline begins
  kKill,        // SIGKILL
};

struct Transition {
  ProcessState next;
  ProcessAction action;
};

Transition transition(ProcessState state, ProcessEvent event);

// Least time between two forks of a process that failed this many times in a row, for one reason or another;
// from the first failure on always `fixed_ms`, where that is not negative.
int64_t respawn_spacing_ms(int failures, int64_t fixed_ms = -1);

const char *name_of(ProcessState state);
const char *name_of(ProcessEvent event);

}  // namespace mortise
