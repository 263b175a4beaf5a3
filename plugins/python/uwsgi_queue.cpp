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

// Newest first, without taking them.
PyObject *queue_last(PyObject *, PyObject *args) {
  long long count = 0;
  if (!PyArg_ParseTuple(args, "|L:queue_last", &count)) return nullptr;
  PyRef list(PyList_New(0));
  if (!uwsgi.queue_header) return list.release();
  const uint64_t slots = uwsgi.queue_size, end = uwsgi.queue_header->pos;
  for (uint64_t i = 1; list && i <= slots && (i == 1 || i <= static_cast<uint64_t>(count)); ++i) {
    PyRef message(copy_item(false, [&](uint64_t *size) {
      return MORTISE_PROVIDED(uwsgi_queue_get)((end + slots - i) % slots, size);
    }));
    if (!message || (count > 0 && PyList_Append(list.get(), message.get()))) return nullptr;
    if (count <= 0) return message.release();
  }
  return list.release();
}

PyObject *queue_slot(PyObject *, PyObject *) {
  return PyLong_FromUnsignedLongLong(uwsgi.queue_header ? uwsgi.queue_header->pos : 0);
}
PyObject *queue_pull_slot(PyObject *, PyObject *) {
  return PyLong_FromUnsignedLongLong(uwsgi.queue_header ? uwsgi.queue_header->pull_pos : 0);
}

}  // namespace

ProvidedFunction queue_functions[] = {
    {"uwsgi_queue_get",
     {"queue_last", queue_last, METH_VARARGS,
      PyDoc_STR("queue_last(count=0)\n--\n\nThe newest message, or a list of so many, newest first.")}},
    {"uwsgi_queue_get",
     {"queue_slot", queue_slot, METH_NOARGS, PyDoc_STR("queue_slot()\n--\n\nWhere the next message goes.")}},
    {"uwsgi_queue_get",
     {"queue_pull_slot", queue_pull_slot, METH_NOARGS,
      PyDoc_STR("queue_pull_slot()\n--\n\nWhere the next message is pulled from.")}},
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
