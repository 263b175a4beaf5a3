// Functions of the module uwsgi that act on mules and farms.

#include <cstring>
#include <vector>

#include "provided_functions.h"

namespace mortise::python {

namespace {

constexpr size_t kLongestMessage = 64 * 1024;

// Where messages for what `receiver` names go: none or 0: any mule, a number: that mule, a str: a farm. -1
// with an exception set.
int queue_of(PyObject *receiver) {
  if (!receiver || receiver == Py_None) return uwsgi.shared->mule_queue_pipe[0];
  if (PyUnicode_Check(receiver)) {
    const char *name = PyUnicode_AsUTF8(receiver);
    if (!name) return -1;
    uwsgi_farm *farm = MORTISE_PROVIDED(get_farm_by_name)(name);
    if (!farm) PyErr_Format(PyExc_ValueError, "there is no farm '%s'", name);
    return farm ? farm->queue_pipe[0] : -1;
  }
  const long id = PyLong_AsLong(receiver);
  if (id == -1 && PyErr_Occurred()) return -1;
  if (id == 0) return uwsgi.shared->mule_queue_pipe[0];
  uwsgi_mule *mule = MORTISE_PROVIDED(get_mule_by_id)(static_cast<int>(id));
  if (!mule) PyErr_Format(PyExc_ValueError, "there is no mule %ld: the server has %d", id, uwsgi.mules_cnt);
  return mule ? mule->queue_pipe[0] : -1;
}

PyObject *send(const char *message, Py_ssize_t len, PyObject *receiver) {
  if (uwsgi.mules_cnt == 0) {
    PyErr_SetString(PyExc_ValueError, "the server has no mules (add some with --mule)");
    return nullptr;
  }
  if (static_cast<size_t>(len) > kLongestMessage) {
    PyErr_Format(PyExc_ValueError, "a message may have %zu bytes, not %zd", kLongestMessage, len);
    return nullptr;
  }
  int fd = queue_of(receiver);
  if (fd < 0 && PyErr_Occurred()) return nullptr;
  int result = without_gil([&] {
    return MORTISE_PROVIDED(mule_send_msg)(fd, const_cast<char *>(message), static_cast<size_t>(len));
  });
  return PyBool_FromLong(result == 0);
}

PyObject *mule_msg(PyObject *, PyObject *args) {
  const char *message = nullptr;
  Py_ssize_t len = 0;
  PyObject *receiver = nullptr;
  if (!PyArg_ParseTuple(args, "s#|O:mule_msg", &message, &len, &receiver)) return nullptr;
  return send(message, len, receiver);
}

PyObject *farm_msg(PyObject *, PyObject *args) {
  PyObject *farm = nullptr;
  const char *message = nullptr;
  Py_ssize_t len = 0;
  if (!PyArg_ParseTuple(args, "Us#:farm_msg", &farm, &message, &len)) return nullptr;
  return send(message, len, farm);
}

PyObject *receive(int signals, int farms, size_t size, int timeout) {
  if (uwsgi.muleid == 0) {
    PyErr_SetString(PyExc_ValueError, "this process is no mule");
    return nullptr;
  }
  std::vector<char> buffer(size);
  ssize_t len = without_gil(
      [&] { return MORTISE_PROVIDED(uwsgi_mule_get_msg)(signals, farms, buffer.data(), size, timeout); });
  if (len < 0) Py_RETURN_NONE;
  return PyBytes_FromStringAndSize(buffer.data(), len);
}

PyObject *mule_get_msg(PyObject *, PyObject *args, PyObject *keywords) {
  int signals = 1, farms = 1, timeout = -1;
  Py_ssize_t size = kLongestMessage;
  static const char *const kNames[] = {"signals", "farms", "buffer_size", "timeout", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "|ppni:mule_get_msg", const_cast<char **>(kNames),
                                   &signals, &farms, &size, &timeout))
    return nullptr;
  return receive(signals, farms, static_cast<size_t>(size > 0 ? size : 1), timeout);
}

PyObject *farm_get_msg(PyObject *, PyObject *) {
  return receive(0, 1, kLongestMessage, -1);
}

PyObject *in_farm(PyObject *, PyObject *args) {
  const char *name = nullptr;
  if (!PyArg_ParseTuple(args, "|z:in_farm", &name)) return nullptr;
  if (uwsgi.muleid == 0) Py_RETURN_FALSE;
  if (uwsgi_farm *farm = name ? MORTISE_PROVIDED(get_farm_by_name)(name) : nullptr)
    return PyBool_FromLong(MORTISE_PROVIDED(uwsgi_farm_has_mule)(farm, uwsgi.muleid));
  for (int i = 0; !name && i < uwsgi.farms_cnt; ++i)
    if (MORTISE_PROVIDED(uwsgi_farm_has_mule)(&uwsgi.farms[i], uwsgi.muleid)) Py_RETURN_TRUE;
  Py_RETURN_FALSE;
}

template <typename Function>
PyCFunction with_keywords(Function function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void *>(function));
}

}  // namespace

ProvidedFunction mule_functions[] = {
    {"mule_send_msg",
     {"mule_msg", mule_msg, METH_VARARGS,
      PyDoc_STR(
          "mule_msg(message, receiver=0)\n--\n\nSends at most 64 KiB (str or bytes) to a mule by number (0: "
          "any) or to a farm by name. Whether there was room for it.")}},
    {"uwsgi_mule_get_msg",
     {"mule_get_msg", with_keywords(mule_get_msg), METH_VARARGS | METH_KEYWORDS,
      PyDoc_STR(
          "mule_get_msg(signals=True, farms=True, buffer_size=65536, timeout=-1)\n--\n\nIn a mule: waits "
          "for a message. b\"\" when the time (seconds) is over, None when that failed.")}},
    {"mule_send_msg",
     {"farm_msg", farm_msg, METH_VARARGS,
      PyDoc_STR("farm_msg(farm, message)\n--\n\nSends a message to one mule of a farm.")}},
    {"uwsgi_mule_get_msg",
     {"farm_get_msg", farm_get_msg, METH_NOARGS,
      PyDoc_STR("farm_get_msg()\n--\n\nIn a mule: waits for a message to its farms.")}},
    {"get_farm_by_name",
     {"in_farm", in_farm, METH_VARARGS,
      PyDoc_STR("in_farm(name=None)\n--\n\nWhether this mule is in that farm, or in any.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

}  // namespace mortise::python
