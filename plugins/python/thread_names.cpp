#include "thread_names.h"

#include <cstdio>

#include "cpython.h"
#include "gil.h"

#include <uwsgi.h>

namespace mortise::python {

int name_of_python_thread(pid_t thread, char *name, size_t size) {
  if (!Py_IsInitialized()) return -1;
  GilHold gil;
  PyObject *threading = PyDict_GetItemString(PyImport_GetModuleDict(), "threading");
  if (!threading) return -1;
  int found = -1;
  PyRef threads(PyObject_CallMethod(threading, "enumerate", nullptr));
  for (Py_ssize_t i = 0; threads && found && i < PyList_Size(threads.get()); ++i) {
    PyObject *each = PyList_GetItem(threads.get(), i);
    PyRef id(PyObject_GetAttrString(each, "native_id")), text(PyObject_GetAttrString(each, "name"));
    if (!id || !text || !PyLong_Check(id.get()) || PyLong_AsLong(id.get()) != thread) continue;
    const char *utf8 = PyUnicode_Check(text.get()) ? PyUnicode_AsUTF8(text.get()) : nullptr;
    if (utf8) found = 0, snprintf(name, size, "%s", utf8);
  }
  PyErr_Clear();
  return found;
}

}  // namespace mortise::python
