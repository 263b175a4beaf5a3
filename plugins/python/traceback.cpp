#include "traceback.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

// Without the module traceback: "ValueError: text", as good as it gets.
std::string one_line(PyObject *exception) {
  std::string line = Py_TYPE(exception)->tp_name;
  PyRef text(PyObject_Str(exception));
  const char *bytes = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
  if (bytes) line += std::string(": ") + bytes;
  PyErr_Clear();
  return line + "\n";
}

}  // namespace

std::string format_exception(PyObject *exception) {
  PyRef module(PyImport_ImportModule("traceback"));
  PyRef traceback(PyException_GetTraceback(exception));
  PyRef lines(module ? PyObject_CallMethod(module.get(), "format_exception", "OOO", Py_TYPE(exception),
                                           exception, traceback ? traceback.get() : Py_None)
                     : nullptr);
  PyRef empty(PyUnicode_FromString(""));
  PyRef text(lines && empty ? PyUnicode_Join(empty.get(), lines.get()) : nullptr);
  PyRef bytes(text ? PyUnicode_AsEncodedString(text.get(), "utf-8", "backslashreplace") : nullptr);
  if (!bytes) {
    PyErr_Clear();
    return one_line(exception);
  }
  return {PyBytes_AS_STRING(bytes.get()), static_cast<size_t>(PyBytes_GET_SIZE(bytes.get()))};
}

void log_exception(const std::string &context) {
  PyRef exception = take_exception();
  if (!exception) return;
  std::string text = format_exception(exception.get());
  uwsgi_log("%s:\n%s", context.c_str(), text.c_str());
}

}  // namespace mortise::python
