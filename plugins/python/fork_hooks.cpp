#include "fork_hooks.h"

#include "gil.h"
#include "options.h"
#include "traceback.h"
#include "uwsgi_module.h"

#include <uwsgi.h>

#include <string>

namespace mortise::python {

namespace {

bool forking = false;
pid_t postfork_done_in = 0;

// Names of the threads that Python knows besides the main one; empty when there are none.
std::string names_of_threads() {
  PyObject *modules = PyImport_GetModuleDict();
  PyObject *threading = PyDict_GetItemString(modules, "threading");
  if (!threading) return {};
  PyRef threads(PyObject_CallMethod(threading, "enumerate", nullptr));
  PyRef main(PyObject_CallMethod(threading, "main_thread", nullptr));
  std::string names;
  for (Py_ssize_t i = 0; threads && main && i < PyList_Size(threads.get()); ++i) {
    PyObject *thread = PyList_GetItem(threads.get(), i);
    if (thread == main.get()) continue;
    PyRef name(PyObject_GetAttrString(thread, "name"));
    const char *text = name && PyUnicode_Check(name.get()) ? PyUnicode_AsUTF8(name.get()) : nullptr;
    names += (names.empty() ? "'" : ", '") + std::string(text ? text : "?") + "'";
  }
  PyErr_Clear();
  return names;
}

void warn_of_threads() {
  static std::string last;
  std::string names = names_of_threads();
  if (names == last) return;
  last = names;
  if (names.empty()) return;
  uwsgi_log(
      "python: the master runs threads (%s): they do not exist in the workers, which are forked from it "
      "(start them in a function marked @postfork, or load the application in each worker: lazy-apps)\n",
      names.c_str());
}

void run_postfork_hook() {
  PyRef hook = uwsgi_module_attribute("post_fork_hook");
  if (!hook) return;
  PyRef result(PyObject_CallNoArgs(hook.get()));
  if (!result) log_exception("python: uwsgi.post_fork_hook failed");
}

}  // namespace

void before_fork() {
  if (!Py_IsInitialized()) return;
  take_gil();
  warn_of_threads();
  PyOS_BeforeFork();
  forking = true;
}

void after_fork(int step) {
  if (!forking) return;
  forking = false;
  if (step == 0) {
    PyOS_AfterFork_Parent();
  } else {
    PyOS_AfterFork_Child();
  }
  give_gil();
}

void after_server_fork() {
  // A worker that loads its applications itself has not got their functions yet.
  if (uwsgi.mywid > 0 && (uwsgi.lazy_apps || options.thread_interpreters)) return;
  run_postfork_hooks();
}

void run_postfork_hooks() {
  if (!Py_IsInitialized() || postfork_done_in == getpid()) return;
  postfork_done_in = getpid();
  for_each_interpreter(run_postfork_hook);
}

}  // namespace mortise::python
