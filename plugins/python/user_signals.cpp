// Also the functions of the module uwsgi that act on signals.
#include "user_signals.h"

#include <uwsgi.h>

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "gil.h"
#include "interpreter.h"
#include "provided_functions.h"
#include "request.h"
#include "traceback.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

constexpr int kSignals = 256;

// Which name has which number: hashes in memory that all processes share, 0 where the number is free.
std::atomic<uint64_t> *claims = nullptr;

PyObject *register_signal(PyObject *, PyObject *args) {
  int number = 0;
  const char *receiver = nullptr;
  PyObject *handler = nullptr;
  uint8_t signum = 0;
  if (!PyArg_ParseTuple(args, "isO:register_signal", &number, &receiver, &handler) ||
      !parse_signum(number, &signum))
    return nullptr;
  if (!PyCallable_Check(handler)) {
    PyErr_Format(PyExc_TypeError, "the handler must be callable, not %s", Py_TYPE(handler)->tp_name);
    return nullptr;
  }
  if (uwsgi_register_signal(signum, receiver, handler, 0)) {
    PyErr_Format(PyExc_ValueError, "unable to register signal %d for '%s'", number, receiver);
    return nullptr;
  }
  PyObject *&place = this_interpreter().signal_handlers[signum];
  PyRef replaced(place);
  place = PyRef::borrow(handler).release();
  Py_RETURN_NONE;
}

PyObject *raise_signal(PyObject *, PyObject *args) {
  int number = 0;
  const char *node = nullptr;
  uint8_t signum = 0;
  if (!PyArg_ParseTuple(args, "|iz:signal", &number, &node) || !parse_signum(number, &signum)) return nullptr;
  if (uwsgi_signal_send(uwsgi.signal_socket, signum) == 0) Py_RETURN_NONE;
  PyErr_Format(PyExc_OSError, "signal %d was not delivered: %s", number,
               uwsgi_signal_registered(signum) ? "its receivers are too busy" : "nobody registered it");
  return nullptr;
}

PyObject *signal_registered(PyObject *, PyObject *args) {
  int number = 0;
  uint8_t signum = 0;
  if (!PyArg_ParseTuple(args, "i:signal_registered", &number) || !parse_signum(number, &signum))
    return nullptr;
  return PyBool_FromLong(uwsgi_signal_registered(signum));
}

// b"", as uWSGI's applications yield what it returns.
PyObject *signal_wait(PyObject *, PyObject *args) {
  int number = -1;
  uint8_t signum = 0;
  if (!PyArg_ParseTuple(args, "|i:signal_wait", &number) || (number != -1 && !parse_signum(number, &signum)))
    return nullptr;
  if (!needed_request()) return nullptr;
  if (without_gil([&] { return uwsgi_signal_wait(number); }) < 0) {
    PyErr_SetString(PyExc_OSError, "waiting for a signal failed");
    return nullptr;
  }
  return PyBytes_FromStringAndSize("", 0);
}

PyObject *signal_received(PyObject *, PyObject *) {
  wsgi_request *request = needed_request();
  return request ? PyLong_FromLong(request->signal_received) : nullptr;
}

PyObject *signal_number(PyObject *, PyObject *args) {
  const char *name = nullptr;
  if (!PyArg_ParseTuple(args, "s:signal_number", &name)) return nullptr;
  const uint64_t hash = std::hash<std::string_view>{}(name) | 1;  // 0 is free
  for (int number = 0; number < kSignals; ++number)
    if (claims[number].load(std::memory_order_acquire) == hash) return PyLong_FromLong(number);
  for (int number = 0; number < kSignals; ++number) {
    uint64_t expected = 0;
    if (uwsgi_signal_registered(static_cast<uint8_t>(number)) && claims[number] == 0) continue;
    if (claims[number].compare_exchange_strong(expected, hash) || expected == hash)
      return PyLong_FromLong(number);
  }
  PyErr_SetString(PyExc_RuntimeError, "all 256 signals are taken");
  return nullptr;
}

}  // namespace

bool parse_signum(int number, uint8_t *signum) {
  *signum = static_cast<uint8_t>(number);
  if (number >= 0 && number < kSignals) return true;
  PyErr_Format(PyExc_ValueError, "signal numbers are 0 to 255, not %d", number);
  return false;
}

void create_signal_numbers() {
  claims =
      static_cast<std::atomic<uint64_t> *>(uwsgi_calloc_shared(sizeof(std::atomic<uint64_t>) * kSignals));
}

int run_signal_handler(uint8_t signum, void *) {
  GilHold gil;
  // Held, as it may register another one in its place.
  PyRef handler = PyRef::borrow(this_interpreter().signal_handlers[signum]);
  if (!handler) return -1;
  PyRef number(PyLong_FromLong(signum));
  PyRef result(number ? PyObject_CallOneArg(handler.get(), number.get()) : nullptr);
  if (result) return 0;
  log_exception("python: the handler of signal " + std::to_string(signum) + " failed");
  return -1;
}

PyMethodDef signal_functions[] = {
    {"register_signal", register_signal, METH_VARARGS,
     PyDoc_STR(
         "register_signal(number, receiver, handler)\n--\n\nCalls handler(number) when the signal is raised. "
         "receiver: \"\" or \"worker\" (one that is idle), \"workers\" (each), \"workerN\".")},
    {"signal", raise_signal, METH_VARARGS, PyDoc_STR("signal(number)\n--\n\nRaises a signal.")},
    {"signal_registered", signal_registered, METH_VARARGS,
     PyDoc_STR("signal_registered(number)\n--\n\nWhether any process registered a handler for a signal.")},
    {"signal_wait", signal_wait, METH_VARARGS,
     PyDoc_STR("signal_wait(number=-1)\n--\n\nWaits until this worker gets a signal (-1: any), whose handler "
               "runs as well. b\"\".")},
    {"signal_received", signal_received, METH_NOARGS,
     PyDoc_STR("signal_received()\n--\n\nNumber of the signal that ended this request's last "
               "signal_wait().")},
    {"signal_number", signal_number, METH_VARARGS,
     PyDoc_STR("signal_number(name)\n--\n\nA free signal number, the same one for the same name in every "
               "process of "
               "the server, also after a respawn.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace mortise::python
