// Functions of the module uwsgi that act on the queue in shared memory.

#include "provided_functions.h"

namespace mortise::python {

namespace {

// What `take` finds, copied under the queue's lock.
template <typename Take>
PyObject *copy_item(bool writes, Take take) {
  without_gil([&] {
    if (writes) {
      uwsgi_wlock(uwsgi.queue_lock);
    } else {
      uwsgi_rlock(uwsgi.queue_lock);
    }
    return 0;
  });
  uint64_t size = 0;
  char *item = take(&size);
  PyObject *bytes = item && size ? PyBytes_FromStringAndSize(item, static_cast<Py_ssize_t>(size))
                                 : PyRef::borrow(Py_None).release();
  uwsgi_rwunlock(uwsgi.queue_lock);
  return bytes;
}

PyObject *queue_get(PyObject *, PyObject *args) {
  unsigned long long slot = 0;
  if (!PyArg_ParseTuple(args, "K:queue_get", &slot)) return nullptr;
  return copy_item(false, [&](uint64_t *size) { return MORTISE_PROVIDED(uwsgi_queue_get)(slot, size); });
}
PyObject *queue_pop(PyObject *, PyObject *) {
  return copy_item(true, [](uint64_t *size) { return MORTISE_PROVIDED(uwsgi_queue_pop)(size); });
}
PyObject *queue_pull(PyObject *, PyObject *) {
  return copy_item(true, [](uint64_t *size) { return MORTISE_PROVIDED(uwsgi_queue_pull)(size); });
}

template <typename Store>
PyObject *store(Store put) {
  return PyBool_FromLong(without_gil([&] {
    uwsgi_wlock(uwsgi.queue_lock);
    int good = put();
    uwsgi_rwunlock(uwsgi.queue_lock);
    return good;
  }));
}

PyObject *queue_push(PyObject *, PyObject *args) {
  const char *message = nullptr;
  Py_ssize_t len = 0;
  if (!PyArg_ParseTuple(args, "s#:queue_push", &message, &len)) return nullptr;
  return store([&] {
    return MORTISE_PROVIDED(uwsgi_queue_push)(const_cast<char *>(message), static_cast<uint64_t>(len));
  });
}

PyObject *queue_set(PyObject *, PyObject *args) {
  unsigned long long slot = 0;
  const char *message = nullptr;
  Py_ssize_t len = 0;
  if (!PyArg_ParseTuple(args, "Ks#:queue_set", &slot, &message, &len)) return nullptr;
  return store([&] {
    return MORTISE_PROVIDED(uwsgi_queue_set)(slot, const_cast<char *>(message), static_cast<uint64_t>(len));
  });
}

}  // namespace

ProvidedFunction queue_functions[] = {
    {"uwsgi_queue_get",
     {"queue_get", queue_get, METH_VARARGS,
      PyDoc_STR("queue_get(slot)\n--\n\nThe item at a place, or None.")}},
    {"uwsgi_queue_set",
     {"queue_set", queue_set, METH_VARARGS,
      PyDoc_STR("queue_set(slot, message)\n--\n\nSets the item at a place.")}},
    {"uwsgi_queue_push",
     {"queue_push", queue_push, METH_VARARGS,
      PyDoc_STR("queue_push(message)\n--\n\nAdds an item at the end.")}},
    {"uwsgi_queue_pop",
     {"queue_pop", queue_pop, METH_NOARGS, PyDoc_STR("queue_pop()\n--\n\nTakes the last item, or None.")}},
    {"uwsgi_queue_pull",
     {"queue_pull", queue_pull, METH_NOARGS,
      PyDoc_STR("queue_pull()\n--\n\nTakes the first item, or None.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

}  // namespace mortise::python
