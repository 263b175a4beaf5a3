// Functions of the module uwsgi that act on metrics, and on alarms.

#include "provided_functions.h"

namespace mortise::python {

namespace {

PyObject *metric_get(PyObject *, PyObject *args) {
  const char *name = nullptr;
  if (!PyArg_ParseTuple(args, "s:metric_get", &name)) return nullptr;
  return PyLong_FromLongLong(
      without_gil([&] { return MORTISE_PROVIDED(uwsgi_metric_get)(const_cast<char *>(name), nullptr); }));
}

template <typename Function>
PyObject *change(PyObject *args, Function function) {
  const char *name = nullptr;
  long long value = 1;
  if (!PyArg_ParseTuple(args, "s|L", &name, &value)) return nullptr;
  return true_or_none(without_gil([&] { return function(const_cast<char *>(name), nullptr, value) == 0; }));
}

PyObject *metric_set(PyObject *, PyObject *args) {
  return change(args, MORTISE_PROVIDED(uwsgi_metric_set));
}
PyObject *metric_inc(PyObject *, PyObject *args) {
  return change(args, MORTISE_PROVIDED(uwsgi_metric_inc));
}
PyObject *metric_dec(PyObject *, PyObject *args) {
  return change(args, MORTISE_PROVIDED(uwsgi_metric_dec));
}
PyObject *metric_mul(PyObject *, PyObject *args) {
  return change(args, MORTISE_PROVIDED(uwsgi_metric_mul));
}
PyObject *metric_div(PyObject *, PyObject *args) {
  return change(args, MORTISE_PROVIDED(uwsgi_metric_div));
}
PyObject *metric_set_max(PyObject *, PyObject *args) {
  return change(args, MORTISE_PROVIDED(uwsgi_metric_set_max));
}
PyObject *metric_set_min(PyObject *, PyObject *args) {
  return change(args, MORTISE_PROVIDED(uwsgi_metric_set_min));
}

PyObject *alarm(PyObject *, PyObject *args) {
  const char *name = nullptr, *message = nullptr;
  Py_ssize_t len = 0;
  if (!PyArg_ParseTuple(args, "ss#:alarm", &name, &message, &len)) return nullptr;
  MORTISE_PROVIDED(uwsgi_alarm_trigger)(name, const_cast<char *>(message), static_cast<size_t>(len));
  Py_RETURN_NONE;
}

}  // namespace

ProvidedFunction metric_functions[] = {
    {"uwsgi_metric_get",
     {"metric_get", metric_get, METH_VARARGS,
      PyDoc_STR("metric_get(name)\n--\n\nValue of a metric, 0 where there is none.")}},
    {"uwsgi_metric_set",
     {"metric_set", metric_set, METH_VARARGS,
      PyDoc_STR("metric_set(name, value)\n--\n\nSets a metric. True, or None where there is none.")}},
    {"uwsgi_metric_inc",
     {"metric_inc", metric_inc, METH_VARARGS,
      PyDoc_STR("metric_inc(name, amount=1)\n--\n\nAdds to a metric.")}},
    {"uwsgi_metric_dec",
     {"metric_dec", metric_dec, METH_VARARGS,
      PyDoc_STR("metric_dec(name, amount=1)\n--\n\nTakes from a metric.")}},
    {"uwsgi_metric_mul",
     {"metric_mul", metric_mul, METH_VARARGS,
      PyDoc_STR("metric_mul(name, factor=1)\n--\n\nMultiplies a metric.")}},
    {"uwsgi_metric_div",
     {"metric_div", metric_div, METH_VARARGS,
      PyDoc_STR("metric_div(name, divisor=1)\n--\n\nDivides a metric.")}},
    {"uwsgi_metric_set_max",
     {"metric_set_max", metric_set_max, METH_VARARGS,
      PyDoc_STR("metric_set_max(name, value)\n--\n\nSets a metric where the value is larger.")}},
    {"uwsgi_metric_set_min",
     {"metric_set_min", metric_set_min, METH_VARARGS,
      PyDoc_STR("metric_set_min(name, value)\n--\n\nSets a metric where the value is smaller.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

ProvidedFunction alarm_functions[] = {
    {"uwsgi_alarm_trigger",
     {"alarm", alarm, METH_VARARGS,
      PyDoc_STR("alarm(name, message)\n--\n\nRaises an alarm of the configuration.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

}  // namespace mortise::python
