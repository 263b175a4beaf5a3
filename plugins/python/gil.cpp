#include "gil.h"

#include "engine_interface.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

thread_local ThreadGil here;

PyThreadState *running_state() {
#if PY_VERSION_HEX >= 0x030d0000
  return PyThreadState_GetUnchecked();
#else
  return _PyThreadState_UncheckedGet();
#endif
}

// An engine may have taken it behind our back.
bool holds() {
  return here.held || (engine_keeps_gil() && here.state && running_state() == here.state);
}

// Calls the wait hook that was there before, without the GIL.
template <auto Previous>
struct Wrapped;
template <typename... Args, int (**Previous)(Args...)>
struct Wrapped<Previous> {
  static int wait(Args... args) {
    GilRelease release;
    return (*Previous)(args...);
  }
};

int (*previous_read)(int, int);
int (*previous_write)(int, int);
int (*previous_read2)(int, int, int, int *);
int (*previous_milliseconds)(int);

template <auto Previous, typename Hook>
void wrap(Hook &hook) {
  if (!hook) return;
  *Previous = hook;
  hook = Wrapped<Previous>::wait;
}

}  // namespace

void take_gil() {
  here.held = true;
  // Its start, which this thread is still at, has failed.
  if (!here.state && PyGILState_Check()) return void(here.state = PyThreadState_Get());
  if (!here.state) here.state = PyThreadState_New(PyInterpreterState_Main());
  PyEval_RestoreThread(here.state);
}

void give_gil() {
  here.held = false;
  here.state = PyEval_SaveThread();
}

void hold_gil() {
  if (!holds()) take_gil();
}

void stop_holding_gil() {
  if (here.held) give_gil();
}

ThreadGil leave_gil() {
  const ThreadGil was = here;
  if (was.held) give_gil();
  here = {};
  return was;
}

void enter_gil(ThreadGil who) {
  here = {who.state, false};
  if (who.held) take_gil();
}

GilHold::GilHold() : taken_(!holds()) {
  if (taken_) take_gil();
}

GilHold::~GilHold() {
  if (taken_) give_gil();
}

GilRelease::GilRelease() : state_(here.held && !engine_keeps_gil() ? PyEval_SaveThread() : nullptr) {
  if (state_) here.held = false;
}

GilRelease::~GilRelease() {
  if (!state_) return;
  int saved = errno;
  PyEval_RestoreThread(state_);
  here.held = true;
  errno = saved;
}

CalledByPython::CalledByPython() : before_(here.held) {
  here.held = true;
}
CalledByPython::~CalledByPython() {
  here.held = before_;
}

InterpreterVisit::InterpreterVisit(const Interpreter &there) : before_(here.state) {
  here.state = PyThreadState_New(there.state);
  take_gil();
}

InterpreterVisit::~InterpreterVisit() {
  PyThreadState_Clear(here.state);
  PyThreadState_DeleteCurrent();  // gives the GIL away, too
  here = {before_, false};
}

void settle_in(const Interpreter &interpreter) {
  if (!here.state) here.state = PyThreadState_New(interpreter.state);
}

void adopt_starting_thread() {
  give_gil();
}

void wrap_wait_hooks() {
  wrap<&previous_read>(uwsgi.wait_read_hook);
  wrap<&previous_write>(uwsgi.wait_write_hook);
  wrap<&previous_read2>(uwsgi.wait_read2_hook);
  wrap<&previous_milliseconds>(uwsgi.wait_milliseconds_hook);
}

}  // namespace mortise::python
