#include "program.h"

#include <string>

#include "code_import.h"
#include "fork_hooks.h"
#include "gil.h"
#include "options.h"
#include "search_path.h"
#include "traceback.h"
#include "uwsgi_module.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

constexpr int kFailed = 1;

// What the interpreter would end with: the status of sys.exit(), or 1 after a traceback.
int status_of_failure(const std::string &what) {
  if (!PyErr_ExceptionMatches(PyExc_SystemExit)) {
    log_exception("python: " + what + " failed");
    return kFailed;
  }
  PyRef exception = take_exception();
  PyRef code(PyObject_GetAttrString(exception.get(), "code"));
  if (!code || code.get() == Py_None) return PyErr_Clear(), 0;
  if (PyLong_Check(code.get())) return static_cast<int>(PyLong_AsLong(code.get()) & 0xff);
  PyRef text(PyObject_Str(code.get()));
  const char *bytes = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
  if (bytes) uwsgi_log("%s\n", bytes);
  PyErr_Clear();
  return kFailed;
}

// sys.argv[0], which was "uwsgi"; what --pyargv says stays behind it.
void set_program_name(const std::string &path) {
  PyObject *argv = PySys_GetObject("argv");
  PyRef name(PyUnicode_DecodeFSDefault(path.c_str()));
  if (argv && name && PyList_Check(argv) && PyList_GET_SIZE(argv) > 0)
    PyList_SetItem(argv, 0, name.release());
  PyErr_Clear();
}

int run_shell(const std::string &code) {
  PyRef main = PyRef::borrow(PyImport_AddModule("__main__"));
  if (!main) return status_of_failure("the shell");
  PyObject *globals = PyModule_GetDict(main.get());
  const std::string text = code.empty() ? "import code, uwsgi\ncode.interact(local={'uwsgi': uwsgi})" : code;
  PyRef done(PyRun_String(text.c_str(), Py_file_input, globals, globals));
  return done ? 0 : status_of_failure("the shell");
}

int test_import(const char *name) {
  PyRef module = import_by_name(name);
  if (module) return uwsgi_log("python: %s can be imported\n", name), 0;
  log_exception(std::string("python: importing ") + name + " failed");
  return UWSGI_FAILED_APP_CODE;
}

// Is done here alone: the shell and its kin are no part of a server that runs.
[[noreturn]] void end(int status) {
  give_gil();
  exit(status);
}

}  // namespace

int run_as_main(const std::string &path) {
  set_program_name(path);
  prepend_to_path(folder_of(path));
  PyRef runpy(PyImport_ImportModule("runpy"));
  PyRef run(runpy ? PyObject_GetAttrString(runpy.get(), "run_path") : nullptr);
  PyRef args(Py_BuildValue("(s)", path.c_str()));
  PyRef keywords(Py_BuildValue("{s:s}", "run_name", "__main__"));
  PyRef done(run && args && keywords ? PyObject_Call(run.get(), args.get(), keywords.get()) : nullptr);
  return done ? 0 : status_of_failure(path);
}

void run_program_instead() {
  if (!options.test && !options.run && !options.shell) return;
  take_gil();
  refresh_uwsgi_module();
  if (options.test) end(test_import(options.test));
  if (options.run) end(run_as_main(absolute_path(options.run)));
  end(run_shell(options.shell_code ? options.shell_code : ""));
}

void run_worker_override() {
  if (!options.worker_override) return;
  run_postfork_hooks();
  uwsgi_process_ready();
  take_gil();
  end(run_as_main(absolute_path(options.worker_override)));
}

}  // namespace mortise::python
