// Functions of the module uwsgi about the legions that this server is a member of. Without a plugin that has
// legions it is a member of none.
#include "provided_functions.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

template <typename Function>
Function *legion_function(const char *symbol) {
  return reinterpret_cast<Function *>(provided_symbol(symbol));
}

PyObject *i_am_the_lord(PyObject *, PyObject *args) {
  const char *legion = nullptr;
  if (!PyArg_ParseTuple(args, "s:i_am_the_lord", &legion)) return nullptr;
  auto *ask = legion_function<int(const char *)>("uwsgi_legion_i_am_the_lord");
  return PyBool_FromLong(ask && ask(legion));
}

PyObject *lord_scroll(PyObject *, PyObject *args) {
  const char *legion = nullptr;
  if (!PyArg_ParseTuple(args, "s:lord_scroll", &legion)) return nullptr;
  auto *ask = legion_function<char *(const char *, uint16_t *)>("uwsgi_legion_lord_scroll");
  uint16_t len = 0;
  char *scroll = ask ? ask(legion, &len) : nullptr;
  return take_bytes(scroll, len);
}

// A list of what stands in `packed`, each behind its length in 16 bits, little endian.
PyRef unpack_scrolls(const unsigned char *packed, uint64_t len) {
  PyRef list(PyList_New(0));
  for (uint64_t at = 0; list && at + 2 <= len;) {
    const uint64_t size = packed[at] | packed[at + 1] << 8;
    if (size > len - at - 2) break;
    PyRef scroll(PyBytes_FromStringAndSize(reinterpret_cast<const char *>(packed) + at + 2,
                                           static_cast<Py_ssize_t>(size)));
    if (!scroll || PyList_Append(list.get(), scroll.get())) return {};
    at += 2 + size;
  }
  return list;
}

PyObject *scrolls(PyObject *, PyObject *args) {
  const char *legion = nullptr;
  if (!PyArg_ParseTuple(args, "s:scrolls", &legion)) return nullptr;
  auto *ask = legion_function<char *(const char *, uint64_t *)>("uwsgi_legion_scrolls");
  uint64_t len = 0;
  char *packed = ask ? ask(legion, &len) : nullptr;
  if (!packed) Py_RETURN_NONE;
  PyRef list = unpack_scrolls(reinterpret_cast<const unsigned char *>(packed), len);
  free(packed);
  return list.release();
}

}  // namespace

PyMethodDef legion_functions[] = {
    {"i_am_the_lord", i_am_the_lord, METH_VARARGS,
     PyDoc_STR("i_am_the_lord(legion)\n--\n\nWhether this server leads that legion.")},
    {"lord_scroll", lord_scroll, METH_VARARGS,
     PyDoc_STR(
         "lord_scroll(legion)\n--\n\nThe scroll of the server that leads that legion; None where it has "
         "none.")},
    {"scrolls", scrolls, METH_VARARGS,
     PyDoc_STR(
         "scrolls(legion)\n--\n\nThe scrolls of all members of that legion, this server's first; None where "
         "it is a member of none.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace mortise::python
