// What engines that were written for uWSGI's Python plugin (greenlet, gevent, asyncio, tornado) find in this
// one, by the names that they include from uwsgi_python.h: the object `up`, of which they take and replace
// how the GIL is got, and a few functions.
#pragma once

#include "cpython.h"

#include <uwsgi.h>

extern "C" {

// Order and types are uWSGI's up to what these engines use.
struct uwsgi_python {
  char *home;
  int optimize;
  char *argv;
  int argc;
  wchar_t **py_argv;
  PyObject *wsgi_spitout, *wsgi_writeout;
  PyThreadState *main_thread;
  char *test_module, *pyshell;
  int pyshell_oneshot;
  uwsgi_string_list *python_path, *import_list, *shared_import_list, *spooler_import_list;
  uwsgi_string_list *post_pymodule_alias, *pymodule_alias;
  PyObject *loader_dict;
  PyObject *(*loaders[9])(void *);
  char *pecan, *wsgi_config, *file_config, *paste;
  int paste_logger;
  char *eval, *web3, *pump, *wsgi_lite, *callable;
  int *current_recursion;
  void **current_frame;
  int current_main_recursion;
  void *current_main_frame;
  void (*swap_ts)(wsgi_request *, uwsgi_app *);
  void (*reset_ts)(wsgi_request *, uwsgi_app *);
  pthread_key_t upt_save_key, upt_gil_key;
  pthread_mutex_t lock_pyloaders;
  void (*gil_get)(void);
  void (*gil_release)(void);
  char unused[1024];  // the rest; engines of third parties may look at it, and find nothing
};
extern uwsgi_python up __attribute__((visibility("default")));

PyObject *python_call(PyObject *callable, PyObject *args, int catch_exceptions, wsgi_request *)
    __attribute__((visibility("default")));
PyObject *get_uwsgi_pydict(char *module) __attribute__((visibility("default")));

}  // extern "C"

namespace mortise::python {

// Whether an engine keeps the GIL: nothing here gives it away then.
bool engine_keeps_gil();
// [master, with the GIL]
void prepare_engine_interface();

// Called by coroutine engines that know nothing of Python (ugreen) around each switch; the request is null on
// the side of the loop. Each coroutine is a thread of its own for Python.
void suspend_coroutine(wsgi_request *request);
void resume_coroutine(wsgi_request *request);

}  // namespace mortise::python
