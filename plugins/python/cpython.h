// CPython's C API, first in every file as it asks to be, with the differences between 3.9 and 3.13 that
// matter here.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include "pyref.h"

#if PY_VERSION_HEX < 0x03090000
#error "the python plugin needs CPython 3.9 or later"
#endif
#ifdef Py_GIL_DISABLED
#error "the python plugin needs a CPython with a GIL: its objects are guarded by it"
#endif

namespace mortise::python {

// 1 and the value, 0 when the object has no such attribute, -1 with an exception set.
inline int get_optional_attr(PyObject *object, PyObject *name, PyRef *value) {
  PyObject *found = nullptr;
#if PY_VERSION_HEX >= 0x030d0000
  int result = PyObject_GetOptionalAttr(object, name, &found);
#else
  int result = _PyObject_LookupAttr(object, name, &found);
#endif
  *value = PyRef(found);
  return result;
}

// The exception being raised, with its traceback; none is raised afterwards. Empty when there was none.
inline PyRef take_exception() {
#if PY_VERSION_HEX >= 0x030c0000
  return PyRef(PyErr_GetRaisedException());
#else
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  if (!type) return {};
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback) PyException_SetTraceback(value, traceback);
  Py_DECREF(type);
  Py_XDECREF(traceback);
  return PyRef(value);
#endif
}

// What a slot of a type's spec points to, whatever it is.
template <typename Target>
void *slot(Target *target) {
  return const_cast<void *>(reinterpret_cast<const void *>(target));
}

}  // namespace mortise::python
