// Functions of the module uwsgi that read files, and data that is part of the server.
#include <uwsgi.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "packed_pairs.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

// Data that `ld -r -b binary` made an object file of, which is part of the server or of a plugin. Null where
// there is none.
PyObject *data_of_symbol(const std::string &name) {
  const std::string stem = "_binary_" + name;
  const auto *start = static_cast<const char *>(dlsym(RTLD_DEFAULT, (stem + "_start").c_str()));
  const auto *end = static_cast<const char *>(dlsym(RTLD_DEFAULT, (stem + "_end").c_str()));
  return start && end >= start ? PyBytes_FromStringAndSize(start, end - start) : nullptr;
}

PyObject *embedded_data(PyObject *, PyObject *args) {
  const char *name = nullptr;
  if (!PyArg_ParseTuple(args, "s:embedded_data", &name)) return nullptr;
  PyObject *data = data_of_symbol(name);
  if (!data && !PyErr_Occurred())
    PyErr_Format(PyExc_ValueError, "the server has no data named %s in it", name);
  return data;
}

// The contents of a file; None with no exception where it cannot be read.
PyRef contents_of(std::string_view path) {
  PyRef io(PyImport_ImportModule("io"));
  PyRef file(
      io ? PyObject_CallMethod(io.get(), "FileIO", "s#", path.data(), static_cast<Py_ssize_t>(path.size()))
         : nullptr);
  PyRef contents(file ? PyObject_CallMethod(file.get(), "readall", nullptr) : nullptr);
  if (file) PyRef closed(PyObject_CallMethod(file.get(), "close", nullptr));
  if (contents || !PyErr_ExceptionMatches(PyExc_OSError)) return contents;
  PyErr_Clear();
  return PyRef::borrow(Py_None);
}

PyObject *extract(PyObject *, PyObject *args) {
  const char *text = nullptr;
  if (!PyArg_ParseTuple(args, "s:extract", &text)) return nullptr;
  std::string_view name = text;
  constexpr std::string_view kSymbol = "sym://", kFile = "file://";
  if (name.starts_with(kSymbol)) {
    PyObject *data = data_of_symbol(std::string(name.substr(kSymbol.size())));
    if (data || PyErr_Occurred()) return data;
    Py_RETURN_NONE;
  }
  if (name.starts_with(kFile)) name.remove_prefix(kFile.size());
  return contents_of(name).release();
}

PyObject *parsefile(PyObject *, PyObject *args) {
  const char *path = nullptr;
  if (!PyArg_ParseTuple(args, "s:parsefile", &path)) return nullptr;
  PyRef packet = contents_of(path);
  if (!packet || packet.get() == Py_None) return packet.release();
  char *bytes = PyBytes_AS_STRING(packet.get());
  const auto size = static_cast<size_t>(PyBytes_GET_SIZE(packet.get()));
  uwsgi_header head{};
  if (size < sizeof head) Py_RETURN_NONE;
  memcpy(&head, bytes, sizeof head);
  if (head.pktsize > size - sizeof head) Py_RETURN_NONE;
  return dict_of_pairs(bytes + sizeof head, head.pktsize);
}

}  // namespace

PyMethodDef file_functions[] = {
    {"extract", extract, METH_VARARGS,
     PyDoc_STR("extract(name)\n--\n\nContents of a file (a path, or file://PATH) or of data in the server "
               "(sym://NAME) as bytes; None where it cannot be read.")},
    {"embedded_data", embedded_data, METH_VARARGS,
     PyDoc_STR("embedded_data(name)\n--\n\nData that was linked into the server or a plugin as "
               "_binary_NAME_start and _binary_NAME_end (ld -r -b binary).")},
    {"parsefile", parsefile, METH_VARARGS,
     PyDoc_STR(
         "parsefile(path)\n--\n\nThe variables of a packet of the uwsgi protocol in a file, as a dict of "
         "bytes; None where there is none.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace mortise::python
