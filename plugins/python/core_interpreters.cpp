#include "core_interpreters.h"

#include "application.h"
#include "gil.h"
#include "interpreter.h"
#include "options.h"
#include "traceback.h"

#include <uwsgi.h>

#include <string>

namespace mortise::python {

namespace {

// The new interpreter's first thread state, which is current then; null when there is none.
PyThreadState *start_another() {
#if PY_VERSION_HEX >= 0x030c0000
  PyInterpreterConfig config = {};
  config.allow_exec = 1;
  config.allow_threads = 1;
  config.allow_daemon_threads = 1;
  config.check_multi_interp_extensions = 1;
  config.gil = PyInterpreterConfig_OWN_GIL;
  PyThreadState *first = nullptr;
  PyStatus status = Py_NewInterpreterFromConfig(&first, &config);
  return PyStatus_Exception(status) ? nullptr : first;
#else
  return Py_NewInterpreter();
#endif
}

std::string text_of(PyObject *exception) {
  PyRef text(PyObject_Str(exception));
  const char *bytes = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
  std::string copy = bytes ? bytes : "";
  PyErr_Clear();
  return copy;
}

// What an extension module says that keeps its state in C globals, as only the first interpreter may import
// it; empty for any other error. Packages raise errors of their own because of it.
std::string extension_refusal(PyObject *exception) {
  constexpr int kDeepest = 16;
  PyRef current = PyRef::borrow(exception);
  for (int depth = 0; current && depth < kDeepest; ++depth) {
    std::string text = text_of(current.get());
    bool refused = PyErr_GivenExceptionMatches(current.get(), PyExc_ImportError) &&
                   text.ends_with("does not support loading in subinterpreters");
    if (refused) return text;
    PyRef cause(PyException_GetCause(current.get()));
    current = cause ? std::move(cause) : PyRef(PyException_GetContext(current.get()));
  }
  return {};
}

void explain(int core) {
  PyRef exception = take_exception();
  if (!exception) return;
  const std::string refusal = extension_refusal(exception.get());
  if (refusal.empty()) {
    uwsgi_log("python: the interpreter of core %d cannot load the application:\n%s", core,
              format_exception(exception.get()).c_str());
  } else {
    uwsgi_log(
        "python: the interpreter of core %d cannot load the application: %s (this C extension works in one "
        "interpreter of a process only: drop py-thread-interpreters, and use more workers instead of "
        "threads)\n",
        core, refusal.c_str());
  }
}

[[noreturn]] void give_up(int core) {
  uwsgi_log("python: core %d has no interpreter (the lines above say why; need-app = false serves without)\n",
            core);
  exit(UWSGI_FAILED_APP_CODE);
}

// Makes one and fills it; the calling thread is in the main interpreter before and afterwards.
void create_for(int core) {
  PyThreadState *home = PyThreadState_Get();
  auto *interpreter = new Interpreter;
  PyThreadState *first = start_another();
  if (!first) {
    uwsgi_log("python: another interpreter, for core %d, does not start\n", core);
    give_up(core);
  }
  interpreter->state = PyThreadState_GetInterpreter(first);
  interpreter->core = core;
  interpreters.push_back(interpreter);
  bool good = furnish_interpreter(*interpreter) && load_applications_again(*interpreter);
  if (!good) explain(core);
  PyEval_SaveThread();
  PyEval_RestoreThread(home);
  if (!good && uwsgi.need_app) give_up(core);
}

}  // namespace

void create_core_interpreters() {
  if (!options.thread_interpreters || uwsgi.cores < 2) return;
  GilHold gil;
  interpreters.reserve(static_cast<size_t>(uwsgi.cores));
  for (int core = 1; core < uwsgi.cores; ++core) create_for(core);
  uwsgi_log_initial("python: each of the %d threads of worker %d has an interpreter%s\n", uwsgi.cores,
                    uwsgi.mywid, PY_VERSION_HEX >= 0x030c0000 ? " and a GIL of its own" : " of its own");
}

}  // namespace mortise::python
