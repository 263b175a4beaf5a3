// Functions of the module uwsgi that add timers. They are in the plugin timers, looked for when they are
// called: without it everything else works.
#include <uwsgi.h>

#include "user_signals.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

// A function of the timers plugin. Null with an exception set when it is not loaded.
template <typename Function>
Function *timers_function(const char *symbol) {
  void *found = dlsym(RTLD_DEFAULT, symbol);
  if (!found)
    PyErr_Format(PyExc_RuntimeError,
                 "%s is in the plugin timers, which is not loaded: start the server with "
                 "--plugin timers",
                 symbol);
  return reinterpret_cast<Function *>(found);
}

PyObject *added(int result, const char *what, int number) {
  if (result == 0) Py_RETURN_NONE;
  PyErr_Format(PyExc_ValueError, "unable to add %s for signal %d (the server log says why)", what, number);
  return nullptr;
}

PyObject *add_timer(PyObject *, PyObject *args) {
  int number = 0, seconds = 0;
  uint8_t signum = 0;
  if (!PyArg_ParseTuple(args, "ii:add_timer", &number, &seconds) || !parse_signum(number, &signum))
    return nullptr;
  auto *add = timers_function<int(uint8_t, int)>("uwsgi_add_timer");
  return add ? added(add(signum, seconds), "a timer", number) : nullptr;
}

PyObject *add_ms_timer(PyObject *, PyObject *args) {
  int number = 0, milliseconds = 0;
  uint8_t signum = 0;
  if (!PyArg_ParseTuple(args, "ii:add_ms_timer", &number, &milliseconds) || !parse_signum(number, &signum))
    return nullptr;
  auto *add = timers_function<int(uint8_t, int)>("uwsgi_add_ms_timer");
  return add ? added(add(signum, milliseconds), "a timer", number) : nullptr;
}

PyObject *add_rb_timer(PyObject *, PyObject *args) {
  int number = 0, seconds = 0, iterations = 0;
  uint8_t signum = 0;
  if (!PyArg_ParseTuple(args, "ii|i:add_rb_timer", &number, &seconds, &iterations) ||
      !parse_signum(number, &signum))
    return nullptr;
  auto *add = timers_function<int(uint8_t, int, int)>("uwsgi_signal_add_rb_timer");
  return add ? added(add(signum, seconds, iterations), "a timer", number) : nullptr;
}

PyObject *add_cron(PyObject *, PyObject *args) {
  int number = 0, minute = 0, hour = 0, day = 0, month = 0, weekday = 0;
  uint8_t signum = 0;
  if (!PyArg_ParseTuple(args, "iiiiii:add_cron", &number, &minute, &hour, &day, &month, &weekday) ||
      !parse_signum(number, &signum))
    return nullptr;
  auto *add = timers_function<int(uint8_t, int, int, int, int, int)>("uwsgi_signal_add_cron");
  return add ? added(add(signum, minute, hour, day, month, weekday), "a cron entry", number) : nullptr;
}

}  // namespace

PyMethodDef timer_functions[] = {
    {"add_timer", add_timer, METH_VARARGS,
     PyDoc_STR("add_timer(number, seconds)\n--\n\nRaises a signal every so many seconds. Adding it again, in "
               "another "
               "worker for instance, changes nothing.")},
    {"add_ms_timer", add_ms_timer, METH_VARARGS,
     PyDoc_STR("add_ms_timer(number, milliseconds)\n--\n\nadd_timer() with a period in milliseconds.")},
    {"add_rb_timer", add_rb_timer, METH_VARARGS,
     PyDoc_STR("add_rb_timer(number, seconds, iterations=0)\n--\n\nadd_timer() that stops after so many "
               "iterations; "
               "0: never.")},
    {"add_cron", add_cron, METH_VARARGS,
     PyDoc_STR("add_cron(number, minute, hour, day, month, weekday)\n--\n\nRaises a signal at the minutes "
               "that match "
               "(local time, as in crontab(5)). -1: any; -n: every n.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace mortise::python
