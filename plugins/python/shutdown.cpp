#include "shutdown.h"

#include "gil.h"
#include "traceback.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

void flush(const char *stream) {
  PyObject *file = PySys_GetObject(stream);
  if (!file || file == Py_None) return;
  PyRef done(PyObject_CallMethod(file, "flush", nullptr));
  if (!done) PyErr_Clear();
}

}  // namespace

void run_python_exit() {
  if (!Py_IsInitialized()) return;
  GilHold gil;
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

}  // namespace mortise::python
