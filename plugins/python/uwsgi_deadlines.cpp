// Functions of the module uwsgi about deadlines of requests and files that are watched.
#include "provided_functions.h"
#include "user_signals.h"

namespace mortise::python {

namespace {

PyObject *set_deadline(PyObject *, PyObject *args) {
  int seconds = 0;
  if (!PyArg_ParseTuple(args, "i:set_user_harakiri", &seconds)) return nullptr;
  MORTISE_PROVIDED(set_user_harakiri)(seconds);
  Py_RETURN_NONE;
}

PyObject *add_file_monitor(PyObject *, PyObject *args) {
  int number = 0;
  uint8_t signum = 0;
  const char *path = nullptr;
  if (!PyArg_ParseTuple(args, "is:add_file_monitor", &number, &path) || !parse_signum(number, &signum))
    return nullptr;
  if (MORTISE_PROVIDED(uwsgi_add_file_monitor)(signum, const_cast<char *>(path)) == 0) Py_RETURN_NONE;
  PyErr_Format(PyExc_ValueError, "unable to watch %s for signal %d (the server log says why)", path, number);
  return nullptr;
}

}  // namespace

ProvidedFunction harakiri_functions[] = {
    {"set_user_harakiri",
     {"set_user_harakiri", set_deadline, METH_VARARGS,
      PyDoc_STR(
          "set_user_harakiri(seconds)\n--\n\nEnds this worker unless the deadline is moved or lifted (0) "
          "in time.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

ProvidedFunction monitor_functions[] = {
    {"uwsgi_add_file_monitor",
     {"add_file_monitor", add_file_monitor, METH_VARARGS,
      PyDoc_STR("add_file_monitor(number, path)\n--\n\nRaises a signal when a file or folder changes.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

}  // namespace mortise::python
