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

// The scrolls of all members of a legion that this server belongs to; it belongs to none.
PyObject *scrolls(PyObject *, PyObject *args) {
  const char *legion = nullptr;
  if (!PyArg_ParseTuple(args, "s:scrolls", &legion)) return nullptr;
  Py_RETURN_NONE;
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
     PyDoc_STR("scrolls(legion)\n--\n\nNone: this server is a member of no legion of that name.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace mortise::python
