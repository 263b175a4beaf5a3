// Functions of the module uwsgi that act on memory areas that all processes share.

#include <vector>

#include "provided_functions.h"

namespace mortise::python {

namespace {

bool good(int64_t result, int id) {
  if (result >= 0) return true;
  PyErr_Format(PyExc_ValueError, "shared area %d does not exist or is smaller than that", id);
  return false;
}

PyObject *sharedarea_read(PyObject *, PyObject *args) {
  int id = 0;
  unsigned long long position = 0, len = 0;
  if (!PyArg_ParseTuple(args, "i|KK:sharedarea_read", &id, &position, &len)) return nullptr;
  uwsgi_sharedarea *area = MORTISE_PROVIDED(uwsgi_sharedarea_get_by_id)(id, position);
  if (!good(area ? 0 : -1, id)) return nullptr;
  if (len == 0) len = area->max_pos + 1 - position;
  if (!good(len <= area->max_pos + 1 - position ? 0 : -1, id)) return nullptr;
  PyRef bytes(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(len)));
  if (!bytes) return nullptr;
  char *target = PyBytes_AS_STRING(bytes.get());
  int64_t got =
      without_gil([&] { return MORTISE_PROVIDED(uwsgi_sharedarea_read)(id, position, target, len); });
  return good(got, id) ? bytes.release() : nullptr;
}

PyObject *sharedarea_write(PyObject *, PyObject *args) {
  int id = 0;
  unsigned long long position = 0;
  const char *value = nullptr;
  Py_ssize_t len = 0;
  if (!PyArg_ParseTuple(args, "iKs#:sharedarea_write", &id, &position, &value, &len)) return nullptr;
  int result = without_gil([&] {
    return MORTISE_PROVIDED(uwsgi_sharedarea_write)(id, position, value, static_cast<uint64_t>(len));
  });
  if (!good(result, id)) return nullptr;
  Py_RETURN_NONE;
}

template <typename Number, typename Function>
PyObject *read_number(PyObject *args, Function function) {
  int id = 0;
  unsigned long long position = 0;
  if (!PyArg_ParseTuple(args, "iK", &id, &position)) return nullptr;
  Number value = 0;
  if (!good(without_gil([&] { return function(id, position, &value); }), id)) return nullptr;
  return PyLong_FromLongLong(value);
}

template <typename Number, typename Function>
PyObject *write_number(PyObject *args, Function function) {
  int id = 0;
  unsigned long long position = 0;
  long long value = 0;
  if (!PyArg_ParseTuple(args, "iKL", &id, &position, &value)) return nullptr;
  Number number = static_cast<Number>(value);
  if (!good(without_gil([&] { return function(id, position, &number); }), id)) return nullptr;
  Py_RETURN_NONE;
}

template <typename Number, typename Function>
PyObject *add_number(PyObject *args, Function function) {
  int id = 0;
  unsigned long long position = 0;
  long long amount = 1;
  if (!PyArg_ParseTuple(args, "iK|L", &id, &position, &amount)) return nullptr;
  if (!good(without_gil([&] { return function(id, position, static_cast<Number>(amount)); }), id))
    return nullptr;
  Py_RETURN_NONE;
}

PyObject *sharedarea_readbyte(PyObject *, PyObject *args) {
  return read_number<uint8_t>(args, [](int id, uint64_t position, uint8_t *value) {
    return MORTISE_PROVIDED(uwsgi_sharedarea_read8)(id, position, reinterpret_cast<int8_t *>(value));
  });
}

#define MORTISE_NUMBER(bits)                                                                  \
  PyObject *sharedarea_read##bits(PyObject *, PyObject *args) {                               \
    return read_number<int##bits##_t>(args, MORTISE_PROVIDED(uwsgi_sharedarea_read##bits));   \
  }                                                                                           \
  PyObject *sharedarea_write##bits(PyObject *, PyObject *args) {                              \
    return write_number<int##bits##_t>(args, MORTISE_PROVIDED(uwsgi_sharedarea_write##bits)); \
  }                                                                                           \
  PyObject *sharedarea_inc##bits(PyObject *, PyObject *args) {                                \
    return add_number<int##bits##_t>(args, MORTISE_PROVIDED(uwsgi_sharedarea_inc##bits));     \
  }                                                                                           \
  PyObject *sharedarea_dec##bits(PyObject *, PyObject *args) {                                \
    return add_number<int##bits##_t>(args, MORTISE_PROVIDED(uwsgi_sharedarea_dec##bits));     \
  }
MORTISE_NUMBER(8)
MORTISE_NUMBER(16)
MORTISE_NUMBER(32)
MORTISE_NUMBER(64)
#undef MORTISE_NUMBER

PyObject *sharedarea_wait(PyObject *, PyObject *args) {
  int id = 0, freq = 0, timeout = 0;
  if (!PyArg_ParseTuple(args, "i|ii:sharedarea_wait", &id, &freq, &timeout)) return nullptr;
  int result = without_gil([&] { return MORTISE_PROVIDED(uwsgi_sharedarea_wait)(id, freq, timeout); });
  return result == -1 ? (good(-1, id), nullptr) : PyBool_FromLong(result == 0);
}

template <typename Function>
PyObject *act(PyObject *args, Function function) {
  int id = 0;
  if (!PyArg_ParseTuple(args, "i", &id)) return nullptr;
  if (!good(without_gil([&] { return function(id); }), id)) return nullptr;
  Py_RETURN_NONE;
}
PyObject *sharedarea_update(PyObject *, PyObject *args) {
  return act(args, MORTISE_PROVIDED(uwsgi_sharedarea_update));
}
PyObject *sharedarea_rlock(PyObject *, PyObject *args) {
  return act(args, MORTISE_PROVIDED(uwsgi_sharedarea_rlock));
}
PyObject *sharedarea_wlock(PyObject *, PyObject *args) {
  return act(args, MORTISE_PROVIDED(uwsgi_sharedarea_wlock));
}
PyObject *sharedarea_unlock(PyObject *, PyObject *args) {
  return act(args, MORTISE_PROVIDED(uwsgi_sharedarea_unlock));
}

PyObject *sharedarea_memoryview(PyObject *, PyObject *args) {
  int id = 0;
  if (!PyArg_ParseTuple(args, "i:sharedarea_memoryview", &id)) return nullptr;
  uwsgi_sharedarea *area = MORTISE_PROVIDED(uwsgi_sharedarea_get_by_id)(id, 0);
  if (!good(area ? 0 : -1, id)) return nullptr;
  return PyMemoryView_FromMemory(area->area, static_cast<Py_ssize_t>(area->max_pos + 1), PyBUF_WRITE);
}

}  // namespace

#define MORTISE_NUMBER(bits)                                                                              \
  {"uwsgi_sharedarea_read" #bits,                                                                         \
   {"sharedarea_read" #bits, sharedarea_read##bits, METH_VARARGS,                                         \
    PyDoc_STR("sharedarea_read" #bits "(id, pos)\n--\n\nA signed number of " #bits " bits.")}},           \
      {"uwsgi_sharedarea_write" #bits,                                                                    \
       {"sharedarea_write" #bits, sharedarea_write##bits, METH_VARARGS,                                   \
        PyDoc_STR("sharedarea_write" #bits "(id, pos, value)\n--\n\nStores " #bits " bits.")}},           \
      {"uwsgi_sharedarea_inc" #bits,                                                                      \
       {"sharedarea_inc" #bits, sharedarea_inc##bits, METH_VARARGS,                                       \
        PyDoc_STR("sharedarea_inc" #bits "(id, pos, amount=1)\n--\n\nAdds to a number, atomically.")}},   \
  {                                                                                                       \
    "uwsgi_sharedarea_dec" #bits, {                                                                       \
      "sharedarea_dec" #bits, sharedarea_dec##bits, METH_VARARGS,                                         \
          PyDoc_STR("sharedarea_dec" #bits "(id, pos, amount=1)\n--\n\nTakes from a number, atomically.") \
    }                                                                                                     \
  }

ProvidedFunction sharedarea_functions[] = {
    {"uwsgi_sharedarea_read",
     {"sharedarea_read", sharedarea_read, METH_VARARGS,
      PyDoc_STR("sharedarea_read(id, pos=0, len=0)\n--\n\nBytes of an area; len 0: to its end.")}},
    {"uwsgi_sharedarea_write",
     {"sharedarea_write", sharedarea_write, METH_VARARGS,
      PyDoc_STR("sharedarea_write(id, pos, data)\n--\n\nWrites bytes into an area.")}},
    MORTISE_NUMBER(8),
    MORTISE_NUMBER(16),
    MORTISE_NUMBER(32),
    MORTISE_NUMBER(64),
    {"uwsgi_sharedarea_read8",
     {"sharedarea_readbyte", sharedarea_readbyte, METH_VARARGS,
      PyDoc_STR("sharedarea_readbyte(id, pos)\n--\n\nA byte, 0 to 255.")}},
    {"uwsgi_sharedarea_write8",
     {"sharedarea_writebyte", sharedarea_write8, METH_VARARGS,
      PyDoc_STR("sharedarea_writebyte(id, pos, value)\n--\n\nThe same as sharedarea_write8().")}},
    {"uwsgi_sharedarea_read64",
     {"sharedarea_readlong", sharedarea_read64, METH_VARARGS,
      PyDoc_STR("sharedarea_readlong(id, pos)\n--\n\nThe same as sharedarea_read64().")}},
    {"uwsgi_sharedarea_write64",
     {"sharedarea_writelong", sharedarea_write64, METH_VARARGS,
      PyDoc_STR("sharedarea_writelong(id, pos, value)\n--\n\nThe same as sharedarea_write64().")}},
    {"uwsgi_sharedarea_inc64",
     {"sharedarea_inclong", sharedarea_inc64, METH_VARARGS,
      PyDoc_STR("sharedarea_inclong(id, pos, amount=1)\n--\n\nThe same as sharedarea_inc64().")}},
    {"uwsgi_sharedarea_wait",
     {"sharedarea_wait", sharedarea_wait, METH_VARARGS,
      PyDoc_STR(
          "sharedarea_wait(id, freq=0, timeout=0)\n--\n\nWaits until an area is written, looking every freq "
          "milliseconds. False when so many seconds are over.")}},
    {"uwsgi_sharedarea_update",
     {"sharedarea_update", sharedarea_update, METH_VARARGS,
      PyDoc_STR("sharedarea_update(id)\n--\n\nEnds the waiting of others, as a write does.")}},
    {"uwsgi_sharedarea_rlock",
     {"sharedarea_rlock", sharedarea_rlock, METH_VARARGS,
      PyDoc_STR("sharedarea_rlock(id)\n--\n\nLocks an area for reading.")}},
    {"uwsgi_sharedarea_wlock",
     {"sharedarea_wlock", sharedarea_wlock, METH_VARARGS,
      PyDoc_STR("sharedarea_wlock(id)\n--\n\nLocks an area for writing.")}},
    {"uwsgi_sharedarea_unlock",
     {"sharedarea_unlock", sharedarea_unlock, METH_VARARGS,
      PyDoc_STR("sharedarea_unlock(id)\n--\n\nUnlocks an area.")}},
    {"uwsgi_sharedarea_get_by_id",
     {"sharedarea_memoryview", sharedarea_memoryview, METH_VARARGS,
      PyDoc_STR("sharedarea_memoryview(id)\n--\n\nAn area's memory itself, to read and write.")}},
    {"uwsgi_sharedarea_get_by_id",
     {"sharedarea_object", sharedarea_memoryview, METH_VARARGS,
      PyDoc_STR("sharedarea_object(id)\n--\n\nThe same as sharedarea_memoryview().")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};
#undef MORTISE_NUMBER

}  // namespace mortise::python
