#include "exception_hooks.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace mortise::python {

namespace {

thread_local PyObject *told = nullptr;  // borrowed, while the handlers run

std::string text_of(PyObject *object) {
  PyRef text(object ? PyObject_Str(object) : nullptr);
  PyRef bytes(text ? PyUnicode_AsEncodedString(text.get(), "utf-8", "backslashreplace") : nullptr);
  PyErr_Clear();
  return bytes
             ? std::string(PyBytes_AS_STRING(bytes.get()), static_cast<size_t>(PyBytes_GET_SIZE(bytes.get())))
             : std::string();
}

uwsgi_buffer *buffer_of(std::string_view text) {
  uwsgi_buffer *buffer = uwsgi_buffer_new(text.size() + 1);
  uwsgi_buffer_append(buffer, text.data(), text.size());
  return buffer;
}

void append_item(uwsgi_buffer *buffer, std::string_view text) {
  text = text.substr(0, 0xffff);
  uwsgi_buffer_u16le(buffer, static_cast<uint16_t>(text.size()));
  uwsgi_buffer_append(buffer, text.data(), text.size());
}

// The value of an attribute as text, through several names: "tb_frame", "f_code", "co_name".
std::string attribute(PyObject *object, std::initializer_list<const char *> path) {
  PyRef found = PyRef::borrow(object);
  for (const char *name : path) found = PyRef(found ? PyObject_GetAttrString(found.get(), name) : nullptr);
  return text_of(found.get());
}

std::string class_name() {
  return attribute(reinterpret_cast<PyObject *>(Py_TYPE(told)), {"__name__"});
}

}  // namespace

void tell_exception_handlers(wsgi_request *request, PyObject *exception) {
  if (!uwsgi.exception_hook) return;
  told = exception;
  uwsgi.exception_hook(request);
  told = nullptr;
}

uwsgi_buffer *exception_class(wsgi_request *) {
  return told ? buffer_of(class_name()) : nullptr;
}

uwsgi_buffer *exception_text(wsgi_request *) {
  return told ? buffer_of(text_of(told)) : nullptr;
}

uwsgi_buffer *exception_repr(wsgi_request *) {
  return told ? buffer_of(class_name() + ": " + text_of(told)) : nullptr;
}

uwsgi_buffer *exception_backtrace(wsgi_request *) {
  if (!told) return nullptr;
  uwsgi_buffer *buffer = uwsgi_buffer_new(1024);
  PyRef frame(PyException_GetTraceback(told));
  while (frame && frame.get() != Py_None && buffer->pos < 0xf000) {
    append_item(buffer, attribute(frame.get(), {"tb_frame", "f_code", "co_filename"}));
    append_item(buffer, attribute(frame.get(), {"tb_lineno"}));
    append_item(buffer, attribute(frame.get(), {"tb_frame", "f_code", "co_name"}));
    append_item(buffer, "");
    append_item(buffer, "");
    frame = PyRef(PyObject_GetAttrString(frame.get(), "tb_next"));
  }
  PyErr_Clear();
  return buffer;
}

}  // namespace mortise::python
