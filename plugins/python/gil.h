// The global interpreter lock, one or that of the core: which threads of the server hold it, and that waits
// give it away.
//
// A request holds it from end to end. It is given away only where the server's wait hooks would block, and
// around locks and file transfers: a request that never waits pays for one acquisition.
#pragma once

#include "interpreter.h"

namespace mortise::python {

// A thread's relation to the interpreter. `held` is false on threads that Python started, but inside
// CalledByPython.
struct ThreadGil {
  PyThreadState *state = nullptr;
  bool held = false;
};
// The calling thread stops being who it was, and becomes somebody else: coroutines.
ThreadGil leave_gil();
void enter_gil(ThreadGil);

// Holds the GIL while it lives; does nothing where this thread has it already. Makes the thread known to
// Python at its first use. [any thread]
class GilHold {
 public:
  GilHold();
  ~GilHold();
  GilHold(const GilHold &) = delete;
  GilHold &operator=(const GilHold &) = delete;

 private:
  const bool taken_;
};

// Gives the GIL away while it lives, if this thread is known to have it. Saves errno.
class GilRelease {
 public:
  GilRelease();
  ~GilRelease();
  GilRelease(const GilRelease &) = delete;
  GilRelease &operator=(const GilRelease &) = delete;

 private:
  PyThreadState *state_;
};

// Marks a function that Python calls, so with the GIL held, perhaps on a thread that Python itself started:
// without it a wait inside would not give the GIL away there.
class CalledByPython {
 public:
  CalledByPython();
  ~CalledByPython();
  CalledByPython(const CalledByPython &) = delete;
  CalledByPython &operator=(const CalledByPython &) = delete;

 private:
  const bool before_;
};

// The calling thread acts in another interpreter while it lives, as a thread that is new there, and holds
// that interpreter's GIL; its own was given away. [any thread of ours]
class InterpreterVisit {
 public:
  explicit InterpreterVisit(const Interpreter &there);
  ~InterpreterVisit();
  InterpreterVisit(const InterpreterVisit &) = delete;
  InterpreterVisit &operator=(const InterpreterVisit &) = delete;

 private:
  GilRelease home_;
  PyThreadState *const before_;
};

// Calls function in each interpreter, the main one first.
template <typename Function>
void for_each_interpreter(Function function) {
  for (const Interpreter *interpreter : interpreters) {
    GilHold gil;
    if (&this_interpreter() == interpreter) {
      function();
    } else {
      InterpreterVisit visit(*interpreter);
      function();
    }
  }
}

// The calling thread, which Python does not know yet, belongs to that interpreter for good.
void settle_in(const Interpreter &interpreter);

// The two ends of a GilHold, where these are in different functions.
void take_gil();
void give_gil();

// The GIL for an engine's loop: does nothing where this thread has it, or has it not.
void hold_gil();
void stop_holding_gil();

// The thread that started the interpreter becomes an ordinary one of ours: gives the GIL away. [master, once]
void adopt_starting_thread();

// uwsgi.wait_*_hook give the GIL away while they wait. [master, once]
void wrap_wait_hooks();

}  // namespace mortise::python
