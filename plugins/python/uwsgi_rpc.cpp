// Functions of the module uwsgi that call others by name, here or in another server, and the hook that runs
// those of the application. Each interpreter keeps its own functions.
#include "uwsgi_rpc.h"

#include <string>
#include <vector>

#include "gil.h"
#include "interpreter.h"
#include "provided_functions.h"
#include "traceback.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

// In the module's dict: name -> callable.
constexpr char kFunctions[] = "_rpc_functions";

PyObject *functions() {
  PyObject *module = PyModule_GetDict(this_interpreter().module);
  PyObject *known = PyDict_GetItemString(module, kFunctions);
  if (known) return known;
  const PyRef made(PyDict_New());
  if (!made || PyDict_SetItemString(module, kFunctions, made.get())) return nullptr;
  return made.get();
}

PyObject *register_rpc(PyObject *, PyObject *args) {
  const char *name = nullptr;
  PyObject *function = nullptr;
  int count = 0, shared = 0;
  if (!PyArg_ParseTuple(args, "sO|ii:register_rpc", &name, &function, &count, &shared)) return nullptr;
  if (!PyCallable_Check(function)) {
    PyErr_Format(PyExc_TypeError, "the function must be callable, not %s", Py_TYPE(function)->tp_name);
    return nullptr;
  }
  PyObject *known = functions();
  if (!known || PyDict_SetItemString(known, name, function)) return nullptr;
  // The server keeps the name as the function: it means the same in each interpreter.
  if (MORTISE_PROVIDED(uwsgi_register_rpc)(name, &python_plugin, static_cast<uint8_t>(count), strdup(name))) {
    PyErr_Format(PyExc_ValueError, "unable to register the function '%s' (the server log says why)", name);
    return nullptr;
  }
  Py_RETURN_TRUE;
}

// The arguments of a call, from the n-th of a tuple on; false with an exception set.
struct Arguments {
  bool take(PyObject *tuple, Py_ssize_t first) {
    const Py_ssize_t count = PyTuple_GET_SIZE(tuple) - first;
    if (count > UINT8_MAX - 1) {
      PyErr_SetString(PyExc_ValueError, "a call has at most 254 arguments");
      return false;
    }
    for (Py_ssize_t i = first; i < PyTuple_GET_SIZE(tuple); ++i) {
      char *bytes = nullptr;
      Py_ssize_t len = 0;
      const PyRef text(PyUnicode_Check(PyTuple_GET_ITEM(tuple, i))
                           ? PyUnicode_AsUTF8String(PyTuple_GET_ITEM(tuple, i))
                           : PyBytes_FromObject(PyTuple_GET_ITEM(tuple, i)));
      if (!text || PyBytes_AsStringAndSize(text.get(), &bytes, &len)) return false;
      if (len > UINT16_MAX) {
        PyErr_SetString(PyExc_ValueError, "an argument is longer than 65535 bytes");
        return false;
      }
      words.emplace_back(bytes, static_cast<size_t>(len));
    }
    for (std::string &word : words) {
      argv.push_back(word.data());
      argvs.push_back(static_cast<uint16_t>(word.size()));
    }
    return true;
  }
  std::vector<std::string> words;
  std::vector<char *> argv;
  std::vector<uint16_t> argvs;
};

PyObject *call_at(const char *node, const std::string &function, PyObject *args, Py_ssize_t first) {
  Arguments given;
  if (!given.take(args, first)) return nullptr;
  uint64_t len = 0;
  char *answer = without_gil([&] {
    return MORTISE_PROVIDED(uwsgi_do_rpc)(node, function.c_str(), static_cast<uint8_t>(given.argv.size()),
                                          given.argv.data(), given.argvs.data(), &len);
  });
  if (!answer) {
    if (!PyErr_Occurred())
      PyErr_Format(PyExc_ValueError, "unable to call the function '%s'%s%s", function.c_str(),
                   node ? " at " : "", node ? node : "");
    return nullptr;
  }
  return take_bytes(answer, len);
}

const char *text_at(PyObject *args, Py_ssize_t index, const char *what) {
  PyObject *item = index < PyTuple_GET_SIZE(args) ? PyTuple_GET_ITEM(args, index) : nullptr;
  if (item && PyUnicode_Check(item)) return PyUnicode_AsUTF8(item);
  if (item && PyBytes_Check(item)) return PyBytes_AsString(item);
  PyErr_Format(PyExc_TypeError, "argument %zd must be %s", index + 1, what);
  return nullptr;
}

PyObject *rpc(PyObject *, PyObject *args) {
  const char *node = nullptr;
  if (PyTuple_GET_SIZE(args) > 0 && PyTuple_GET_ITEM(args, 0) != Py_None) {
    node = text_at(args, 0, "the address of a server, or None for this one");
    if (!node) return nullptr;
  }
  const char *function = text_at(args, 1, "the name of a function");
  return function ? call_at(node, function, args, 2) : nullptr;
}

PyObject *call(PyObject *, PyObject *args) {
  const char *name = text_at(args, 0, "the name of a function, name@address for that of another server");
  if (!name) return nullptr;
  const std::string text = name;
  const size_t at = text.find('@');
  if (at == text.npos) return call_at(nullptr, text, args, 1);
  return call_at(text.c_str() + at + 1, text.substr(0, at), args, 1);
}

PyObject *rpc_list(PyObject *, PyObject *) {
  PyRef list(PyList_New(0));
  for (struct uwsgi_rpc **entry = uwsgi.rpc_table; list && entry && *entry; ++entry) {
    const PyRef name(PyBytes_FromString((*entry)->name));
    if (!name || PyList_Append(list.get(), name.get())) return nullptr;
  }
  return list ? PyList_AsTuple(list.get()) : nullptr;
}

PyRef run(const char *name, uint8_t argc, char *argv[], uint16_t argvs[]) {
  PyObject *known = functions();
  const PyRef function = PyRef::borrow(known ? PyDict_GetItemString(known, name) : nullptr);
  if (!function) {
    PyErr_Format(PyExc_LookupError, "no function '%s' was registered in this interpreter", name);
    return {};
  }
  const PyRef args(PyTuple_New(argc));
  for (uint8_t i = 0; args && i < argc; ++i) {
    PyObject *bytes = PyBytes_FromStringAndSize(argv[i], argvs[i]);
    if (!bytes) return {};
    PyTuple_SET_ITEM(args.get(), i, bytes);
  }
  return PyRef(args ? PyObject_CallObject(function.get(), args.get()) : nullptr);
}

}  // namespace

uint64_t answer_rpc(void *func, uint8_t argc, char **argv, uint16_t argvs[], char **buffer) {
  const GilHold gil;
  const auto *name = static_cast<const char *>(func);
  PyRef result = run(name, argc, argv, argvs);
  if (result && PyUnicode_Check(result.get())) result = PyRef(PyUnicode_AsUTF8String(result.get()));
  if (result && !PyBytes_Check(result.get()) && result.get() != Py_None)
    result = PyRef(PyObject_Str(result.get()));
  if (result && PyUnicode_Check(result.get())) result = PyRef(PyUnicode_AsUTF8String(result.get()));
  if (!result) {
    log_exception("python: the function '" + std::string(name) + "' failed");
    return 0;
  }
  const bool none = result.get() == Py_None;
  const size_t len = none ? 0 : static_cast<size_t>(PyBytes_GET_SIZE(result.get()));
  *buffer = static_cast<char *>(uwsgi_malloc(len + 1));
  if (len) memcpy(*buffer, PyBytes_AS_STRING(result.get()), len);
  (*buffer)[len] = 0;
  return len;
}

ProvidedFunction rpc_functions[] = {
    {"uwsgi_register_rpc",
     {"register_rpc", register_rpc, METH_VARARGS,
      PyDoc_STR("register_rpc(name, function, argc=0)\n--\n\nLets others call a function. It gets bytes and "
                "returns bytes or str. True.")}},
    {"uwsgi_do_rpc",
     {"rpc", rpc, METH_VARARGS,
      PyDoc_STR("rpc(node, name, *args)\n--\n\nCalls a function of the server at node, None for this one: "
                "bytes.")}},
    {"uwsgi_do_rpc",
     {"call", call, METH_VARARGS,
      PyDoc_STR("call(name, *args)\n--\n\nCalls a function of this server, or of another one: name@address. "
                "bytes.")}},
    {"uwsgi_rpc",
     {"rpc_list", rpc_list, METH_NOARGS,
      PyDoc_STR("rpc_list()\n--\n\nThe names of the functions that can be called here.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

}  // namespace mortise::python
