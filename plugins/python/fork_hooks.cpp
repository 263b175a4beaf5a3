#include "fork_hooks.h"

#include "background.h"
#include "gil.h"
#include "options.h"
#include "traceback.h"
#include "uwsgi_module.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

bool forking = false;     // by the server
bool in_a_child = false;  // of anybody else's fork
pid_t postfork_done_in = 0;

void run_postfork_hook() {
  PyRef hook = uwsgi_module_attribute("post_fork_hook");
  if (!hook) return;
  PyRef result(PyObject_CallNoArgs(hook.get()));
  if (!result) log_exception("python: uwsgi.post_fork_hook failed");
}

}  // namespace

void notice_forks() {
  pthread_atfork(nullptr, nullptr, [] { in_a_child = !forking; });
}

bool forked_by_application() {
  return in_a_child && getpid() != uwsgi.mypid;
}

void before_fork() {
  if (!Py_IsInitialized()) return;
  take_gil();
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
  if (uwsgi.muleid > 0 || uwsgi.i_am_a_spooler) return enter_background_process();
  if (uwsgi.mywid > 0 && (uwsgi.lazy_apps || options.thread_interpreters)) return;
  run_postfork_hooks();
}

void run_postfork_hooks() {
  if (!Py_IsInitialized() || postfork_done_in == getpid()) return;
  postfork_done_in = getpid();
  for_each_interpreter(run_postfork_hook);
}

}  // namespace mortise::python
