#include "shutdown.h"

#include "gil.h"
#include "traceback.h"
#include "uwsgi_module.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

void flush(const char *stream) {
  PyObject *file = PySys_GetObject(stream);
  if (!file || file == Py_None) return;
  PyRef done(PyObject_CallMethod(file, "flush", nullptr));
  if (!done) PyErr_Clear();
}

// Gateways and the like are forked from a master that may have loaded the application; it is not theirs to
// end.
bool runs_applications() {
  return uwsgi.mywid > 0 || uwsgi.muleid > 0 || uwsgi.i_am_a_spooler || getpid() == uwsgi_master_pid();
}

void end_interpreter() {
  if (PyRef hook = uwsgi_module_attribute("atexit")) {
    PyRef result(PyObject_CallNoArgs(hook.get()));
    if (!result) log_exception("python: uwsgi.atexit failed");
  }
  PyRef atexit(PyImport_ImportModule("atexit"));
  PyRef done(atexit ? PyObject_CallMethod(atexit.get(), "_run_exitfuncs", nullptr) : nullptr);
  if (!done) log_exception("python: a function registered with atexit failed");
  flush("stdout");
  flush("stderr");
}

}  // namespace

void run_python_exit() {
  if (!Py_IsInitialized() || !runs_applications()) return;
  for_each_interpreter(end_interpreter);
}

}  // namespace mortise::python
