#include "engine_interface.h"

#include "gil.h"

namespace {

void get_gil() {
  mortise::python::hold_gil();
}
void release_gil() {
  mortise::python::stop_holding_gil();
}

}  // namespace

extern "C" {

uwsgi_python up;

PyObject *python_call(PyObject *callable, PyObject *args, int, wsgi_request *) {
  PyObject *result = PyObject_CallObject(callable, args);
  if (PyErr_Occurred()) PyErr_Print();
  return result;
}

// Borrowed: a module stays.
PyObject *get_uwsgi_pydict(char *name) {
  PyObject *module = PyImport_ImportModule(name);
  return module ? PyModule_GetDict(module) : nullptr;
}

}  // extern "C"

namespace mortise::python {

bool engine_keeps_gil() {
  return up.gil_get != get_gil;
}

void prepare_engine_interface() {
  pthread_key_create(&up.upt_gil_key, nullptr);
  pthread_key_create(&up.upt_save_key, nullptr);
  pthread_mutex_init(&up.lock_pyloaders, nullptr);
  up.main_thread = PyThreadState_Get();
  up.gil_get = get_gil;
  up.gil_release = release_gil;
}

}  // namespace mortise::python
