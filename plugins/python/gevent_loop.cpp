#include "gevent_loop.h"

#include "cpython.h"
#include "embedded_text.h"
#include "gil.h"
#include "options.h"
#include "traceback.h"

#include <uwsgi.h>

#include <string>

MORTISE_EMBEDDED_TEXT(mortise_gevent_source, MORTISE_GEVENT_FILE);

namespace mortise::python {

namespace {

// Functions of the engine; live as long as the process.
PyObject *wait_function, *pause_function, *current_core_function;

// The GIL is held from here to the end of the loop, so that greenlets may switch wherever a hook waits.
int call_engine(PyObject *function, const char *format, int a, int b, int c) {
  GilHold gil;
  PyRef result(PyObject_CallFunction(function, format, a, b, c));
  if (!result) return log_exception("python: a wait under gevent failed"), -1;
  return static_cast<int>(PyLong_AsLong(result.get()));
}

int wait_read(int fd, int timeout) {
  return call_engine(wait_function, "iii", fd, 1, timeout);
}

int wait_write(int fd, int timeout) {
  return call_engine(wait_function, "iii", fd, 2, timeout);
}

int wait_milliseconds(int timeout_ms) {
  GilHold gil;
  PyRef result(PyObject_CallFunction(pause_function, "i", timeout_ms));
  if (!result) log_exception("python: a pause under gevent failed");
  return 0;
}

wsgi_request *current_request() {
  GilHold gil;
  PyRef core(PyObject_CallNoArgs(current_core_function));
  const long number = core ? PyLong_AsLong(core.get()) : -1;
  if (PyErr_Occurred()) PyErr_Clear();
  return number < 0 ? nullptr : uwsgi_request_of_core(static_cast<int>(number));
}

PyObject *accept_connection(PyObject *, PyObject *args) {
  int number = 0;
  if (!PyArg_ParseTuple(args, "i", &number)) return nullptr;
  const uwsgi_socket *socket = uwsgi_get_socket_by_num(number);
  return PyLong_FromLong(socket ? uwsgi_accept(socket->fd) : -1);
}

PyObject *serve(PyObject *, PyObject *args) {
  int core = 0, number = 0, fd = 0;
  if (!PyArg_ParseTuple(args, "iii", &core, &number, &fd)) return nullptr;
  uwsgi_serve_connection(core, uwsgi_get_socket_by_num(number), fd);
  Py_RETURN_NONE;
}

PyObject *receive_signal(PyObject *, PyObject *args) {
  int fd = 0;
  if (!PyArg_ParseTuple(args, "i", &fd)) return nullptr;
  uwsgi_receive_signal(fd, "worker", uwsgi.mywid);
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {{"accept", accept_connection, METH_VARARGS, nullptr},
                           {"serve", serve, METH_VARARGS, nullptr},
                           {"receive_signal", receive_signal, METH_VARARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};

PyRef list_listeners() {
  PyRef list(PyList_New(0));
  int number = 0;
  for (const uwsgi_socket *socket = uwsgi.sockets; list && socket; socket = socket->next, ++number) {
    if (socket->fd < 0) continue;
    PyRef pair(Py_BuildValue("(ii)", number, socket->fd));
    if (!pair || PyList_Append(list.get(), pair.get())) return {};
  }
  return list;
}

PyRef make_server_module() {
  static PyModuleDef definition{};
  definition.m_base = PyModuleDef_HEAD_INIT;
  definition.m_name = "server";
  definition.m_size = -1;
  definition.m_methods = functions;
  PyRef module(PyModule_Create(&definition));
  PyRef listeners = list_listeners();
  if (!module || !listeners) return {};
  PyRef signals(Py_BuildValue("[ii]", uwsgi.signal_socket, uwsgi.my_signal_socket));
  if (!signals || PyModule_AddIntConstant(module.get(), "cores", uwsgi.cores) ||
      PyModule_AddIntConstant(module.get(), "stop", uwsgi_stop_fd()) ||
      PyObject_SetAttrString(module.get(), "listeners", listeners.get()) ||
      PyObject_SetAttrString(module.get(), "signals", signals.get()))
    return {};
  return module;
}

// The engine's namespace, its functions kept; empty with an exception set.
PyRef load_engine() {
  PyRef server = make_server_module();
  PyRef code(server ? Py_CompileString(mortise_gevent_source, "<gevent>", Py_file_input) : nullptr);
  PyRef globals(code ? Py_BuildValue("{s:O,s:O,s:s}", "__builtins__", PyEval_GetBuiltins(), "server",
                                     server.get(), "__name__", "gevent_engine")
                     : nullptr);
  PyRef result(globals ? PyEval_EvalCode(code.get(), globals.get(), globals.get()) : nullptr);
  if (!result) return {};
  wait_function = PyRef::borrow(PyDict_GetItemString(globals.get(), "wait")).release();
  pause_function = PyRef::borrow(PyDict_GetItemString(globals.get(), "pause")).release();
  current_core_function = PyRef::borrow(PyDict_GetItemString(globals.get(), "current_core")).release();
  return globals;
}

void run_gevent() {
  GilHold gil;
  PyRef globals = load_engine();
  if (!globals) {
    log_exception("python: gevent does not start");
    uwsgi_exit(UWSGI_FAILED_APP_CODE);
  }
  uwsgi.wait_read_hook = wait_read;
  uwsgi.wait_write_hook = wait_write;
  uwsgi.wait_milliseconds_hook = wait_milliseconds;
  uwsgi.current_wsgi_req = current_request;
  PyRef result(PyObject_CallNoArgs(PyDict_GetItemString(globals.get(), "run")));
  if (!result) log_exception("python: the gevent loop ended");
}

}  // namespace

void register_gevent_loop() {
  uwsgi_register_loop("gevent", run_gevent);
}

void require_gevent() {
  if (!uwsgi.loop || strcmp(uwsgi.loop, "gevent") != 0) return;
  if (PyRef(PyImport_ImportModule("gevent"))) return;
  log_exception("python: gevent does not start (install it where this Python finds it: pip install gevent)");
  exit(UWSGI_FAILED_APP_CODE);
}

void choose_gevent(char *name, char *value, void *) {
  uwsgi_opt_set_int(name, value, &uwsgi.async);
  if (uwsgi.async < 1) uwsgi.async = 1;
  if (uwsgi.async > uwsgi.cores) uwsgi.cores = uwsgi.async;
  uwsgi.loop = uwsgi_str("gevent");
}

void monkey_patch() {
  if (!options.gevent_monkey_patch) return;
  GilHold gil;
  PyRef monkey(PyImport_ImportModule("gevent.monkey"));
  PyRef done(monkey ? PyObject_CallMethod(monkey.get(), "patch_all", nullptr) : nullptr);
  if (done) return;
  log_exception("python: --gevent-monkey-patch (install it: pip install gevent)");
  uwsgi_exit(UWSGI_FAILED_APP_CODE);
}

}  // namespace mortise::python
