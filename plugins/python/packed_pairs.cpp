#include "packed_pairs.h"

#include <uwsgi.h>

namespace mortise::python {

static void add_pair(char *key, uint16_t key_len, char *value, uint16_t value_len, void *dict) {
  PyRef name(PyBytes_FromStringAndSize(key, key_len)), text(PyBytes_FromStringAndSize(value, value_len));
  if (name && text) PyDict_SetItem(static_cast<PyObject *>(dict), name.get(), text.get());
}

PyObject *dict_of_pairs(char *pairs, size_t len) {
  PyRef dict(PyDict_New());
  if (!dict) return nullptr;
  if (uwsgi_hooked_parse(pairs, len, add_pair, dict.get())) Py_RETURN_NONE;
  return PyErr_Occurred() ? nullptr : dict.release();
}

}  // namespace mortise::python
