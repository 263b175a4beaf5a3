#include "interpreter.h"

#include "environ.h"
#include "file_wrapper.h"
#include "input.h"
#include "log_stream.h"
#include "search_path.h"
#include "start_response.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

Interpreter *find(PyInterpreterState *state) {
  for (Interpreter *interpreter : interpreters)
    if (interpreter->state == state) return interpreter;
  return nullptr;
}

bool intern_names(Interpreter &i) {
  i.wsgi_input = PyUnicode_InternFromString("wsgi.input");
  i.wsgi_url_scheme = PyUnicode_InternFromString("wsgi.url_scheme");
  i.https = PyUnicode_InternFromString("https");
  i.close = PyUnicode_InternFromString("close");
  i.raw = PyUnicode_InternFromString("raw");
  i.read = PyUnicode_InternFromString("read");
  return i.wsgi_input && i.wsgi_url_scheme && i.https && i.close && i.raw && i.read && i.names.fill();
}

// Lines that applications print appear in the log when they are printed, one write each.
void buffer_stdout_by_line() {
  PyObject *out = PySys_GetObject("stdout");
  if (!out || out == Py_None) return;
  PyRef reconfigure(PyObject_GetAttrString(out, "reconfigure"));
  PyRef no_args(PyTuple_New(0));
  PyRef keywords(Py_BuildValue("{s:O}", "line_buffering", Py_True));
  PyRef done(reconfigure && no_args && keywords
                 ? PyObject_Call(reconfigure.get(), no_args.get(), keywords.get())
                 : nullptr);
  PyErr_Clear();
}

}  // namespace

Interpreter &search_interpreter() {
  thread_local Interpreter *last = nullptr;
  PyInterpreterState *state = PyInterpreterState_Get();
  if (!last || last->state != state) last = find(state);
  if (!last) Py_FatalError("the module uwsgi was used in an interpreter that the server does not know");
  return *last;
}

bool this_interpreter_is_ours() {
  return find(PyInterpreterState_Get()) != nullptr;
}

bool furnish_interpreter(Interpreter &interpreter) {
  buffer_stdout_by_line();
  set_up_path();
  return intern_names(interpreter) && create_start_response_types(interpreter) &&
         create_input_type(interpreter) && create_file_wrapper_type(interpreter) &&
         create_log_stream_type(interpreter) && create_uwsgi_module(interpreter);
}

}  // namespace mortise::python
