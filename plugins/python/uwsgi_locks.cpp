// Functions of the module uwsgi that act on the server's numbered locks, which work between processes and
// threads.
#include <uwsgi.h>

#include "gil.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

uwsgi_lock_item *parse_lock(PyObject *args) {
  int number = 0;
  if (!PyArg_ParseTuple(args, "|i", &number)) return nullptr;
  if (uwsgi.user_locks && number >= 0 && number <= uwsgi.locks) return uwsgi.user_locks[number];
  PyErr_Format(PyExc_ValueError, "there is no lock %d: the server has 0 to %d (--locks adds some)", number,
               uwsgi.locks);
  return nullptr;
}

PyObject *lock(PyObject *, PyObject *args) {
  uwsgi_lock_item *item = parse_lock(args);
  if (!item) return nullptr;
  CalledByPython mark;
  {
    GilRelease release;
    uwsgi_lock(item);
  }
  Py_RETURN_NONE;
}

PyObject *unlock(PyObject *, PyObject *args) {
  uwsgi_lock_item *item = parse_lock(args);
  if (!item) return nullptr;
  uwsgi_unlock(item);
  Py_RETURN_NONE;
}

PyObject *is_locked(PyObject *, PyObject *args) {
  uwsgi_lock_item *item = parse_lock(args);
  return item ? PyBool_FromLong(uwsgi_lock_check(item) != 0) : nullptr;
}

}  // namespace

PyMethodDef lock_functions[] = {
    {"lock", lock, METH_VARARGS,
     PyDoc_STR("lock(number=0)\n--\n\nTakes a lock that all workers and their threads share; waits for it.")},
    {"unlock", unlock, METH_VARARGS, PyDoc_STR("unlock(number=0)\n--\n\nGives a lock back.")},
    {"is_locked", is_locked, METH_VARARGS,
     PyDoc_STR("is_locked(number=0)\n--\n\nWhether anybody has a lock.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace mortise::python
