#include "log_stream.h"

#include <uwsgi.h>

#include <cstring>
#include <new>
#include <string>
#include <string_view>

namespace mortise::python {

namespace {

// Text waits until its line is complete, so that lines of threads and processes do not mix.
struct LogStream {
  PyObject_HEAD std::string *line;
};

std::string &line_of(PyObject *self) {
  return *reinterpret_cast<LogStream *>(self)->line;
}

// Adds to the line, and writes what is complete of it.
void add(std::string &line, std::string_view text) {
  line += text;
  constexpr size_t kLongest = 64 * 1024;
  const size_t newline = line.rfind('\n');
  const size_t complete = newline != std::string::npos ? newline + 1
                          : line.size() > kLongest     ? line.size()
                                                       : 0;
  if (complete == 0) return;
  uwsgi_log("%.*s", static_cast<int>(complete), line.c_str());
  line.erase(0, complete);
}

bool append(PyObject *self, PyObject *text) {
  if (!PyUnicode_Check(text)) {
    PyErr_Format(PyExc_TypeError, "wsgi.errors takes str, not %s", Py_TYPE(text)->tp_name);
    return false;
  }
  PyRef bytes(PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace"));
  if (!bytes) return false;
  try {
    add(line_of(self), {PyBytes_AS_STRING(bytes.get()), static_cast<size_t>(PyBytes_GET_SIZE(bytes.get()))});
    return true;
  } catch (const std::bad_alloc &) {
    PyErr_NoMemory();
    return false;
  }
}

PyObject *write(PyObject *self, PyObject *text) {
  return append(self, text) ? PyLong_FromSsize_t(PyUnicode_GET_LENGTH(text)) : nullptr;
}

PyObject *writelines(PyObject *self, PyObject *lines) {
  PyRef iterator(PyObject_GetIter(lines));
  if (!iterator) return nullptr;
  while (PyRef line{PyIter_Next(iterator.get())})
    if (!append(self, line.get())) return nullptr;
  if (PyErr_Occurred()) return nullptr;
  Py_RETURN_NONE;
}

PyObject *flush(PyObject *self, PyObject *) {
  std::string &line = line_of(self);
  if (!line.empty()) uwsgi_log("%s\n", line.c_str());
  line.clear();
  Py_RETURN_NONE;
}

void destroy(PyObject *self) {
  PyTypeObject *own_type = Py_TYPE(self);
  delete reinterpret_cast<LogStream *>(self)->line;
  own_type->tp_free(self);
  Py_DECREF(own_type);
}

PyMethodDef methods[] = {
    {"write", write, METH_O, PyDoc_STR("write(text)\n--\n\nAppends text to the server log, line by line.")},
    {"writelines", writelines, METH_O,
     PyDoc_STR("writelines(lines)\n--\n\nwrite() for each item of an iterable.")},
    {"flush", flush, METH_NOARGS, PyDoc_STR("flush()\n--\n\nWrites what is left of a line without its end.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool create_log_stream_type(Interpreter &interpreter) {
  PyType_Slot slots[] = {{Py_tp_doc, slot("Text stream to the server log (wsgi.errors, PEP 3333).")},
                         {Py_tp_dealloc, slot(destroy)},
                         {Py_tp_methods, slot(methods)},
                         {0, nullptr}};
  PyType_Spec spec = {"uwsgi.LogStream", sizeof(LogStream), 0, Py_TPFLAGS_DEFAULT, slots};
  interpreter.log_stream_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&spec));
  return interpreter.log_stream_type != nullptr;
}

PyRef make_log_stream(const Interpreter &interpreter) {
  PyTypeObject *type = interpreter.log_stream_type;
  PyRef stream(type->tp_alloc(type, 0));
  if (stream) reinterpret_cast<LogStream *>(stream.get())->line = new std::string;
  return stream;
}

}  // namespace mortise::python
