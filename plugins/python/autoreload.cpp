#include "autoreload.h"

#include "embedded_text.h"
#include "gil.h"
#include "options.h"
#include "traceback.h"

MORTISE_EMBEDDED_TEXT(mortise_autoreload_source, MORTISE_AUTORELOAD_FILE);

namespace mortise::python {

namespace {

PyRef ignored_modules() {
  PyRef set(PySet_New(nullptr));
  for (const uwsgi_string_list *item = options.autoreload_ignored; set && item; item = item->next) {
    PyRef name(PyUnicode_DecodeFSDefault(item->value));
    if (!name || PySet_Add(set.get(), name.get())) return {};
  }
  return set;
}

}  // namespace

void start_autoreload() {
  if (options.autoreload_seconds <= 0 || uwsgi.mywid != 1) return;
  GilHold gil;
  PyRef code(Py_CompileString(mortise_autoreload_source, "<py-autoreload>", Py_file_input));
  PyRef ignored = ignored_modules();
  PyRef globals(ignored ? Py_BuildValue("{s:O,s:i,s:O,s:s}", "__builtins__", PyEval_GetBuiltins(), "interval",
                                        options.autoreload_seconds, "ignored", ignored.get(), "__name__",
                                        "py-autoreload")
                        : nullptr);
  PyRef result(code && globals ? PyEval_EvalCode(code.get(), globals.get(), globals.get()) : nullptr);
  if (!result) log_exception("python: py-autoreload does not start");
}

}  // namespace mortise::python
