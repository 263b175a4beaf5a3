// Functions of the module uwsgi by which a request waits for descriptors. A core is a thread: it waits while
// the other cores serve.
#include "request.h"
#include "uwsgi_module.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

PyObject *nothing_to_send() {
  return PyBytes_FromStringAndSize("", 0);
}

PyObject *wait_for(PyObject *args, short events) {
  int fd = -1, seconds = 0;
  if (!PyArg_ParseTuple(args, "i|i", &fd, &seconds)) return nullptr;
  Exchange *exchange = needed_exchange();
  if (!exchange) return nullptr;
  if (fd >= 0) {
    exchange->waits().add(fd, events, seconds);
  } else {
    exchange->waits().add_time(seconds);
  }
  return nothing_to_send();
}
PyObject *wait_fd_read(PyObject *, PyObject *args) {
  return wait_for(args, POLLIN);
}
PyObject *wait_fd_write(PyObject *, PyObject *args) {
  return wait_for(args, POLLOUT);
}

PyObject *async_sleep(PyObject *, PyObject *args) {
  int seconds = 0;
  if (!PyArg_ParseTuple(args, "i:async_sleep", &seconds)) return nullptr;
  Exchange *exchange = needed_exchange();
  if (!exchange) return nullptr;
  exchange->waits().add_time(seconds);
  return nothing_to_send();
}

PyObject *suspend(PyObject *, PyObject *) {
  Exchange *exchange = needed_exchange();
  if (!exchange) return nullptr;
  if (exchange->waits().any()) exchange->waits().wait();
  Py_RETURN_TRUE;
}

PyObject *ready_fd(PyObject *, PyObject *) {
  Exchange *exchange = needed_exchange();
  return exchange ? PyLong_FromLong(exchange->waits().ready_fd()) : nullptr;
}

}  // namespace

PyMethodDef wait_functions[] = {
    {"wait_fd_read", wait_fd_read, METH_VARARGS,
     PyDoc_STR("wait_fd_read(fd, timeout=0)\n--\n\nThe next suspend(), or the b\"\" that a generator yields "
               "next, waits until fd can be read, for at most so many seconds (0: for ever). b\"\".")},
    {"wait_fd_write", wait_fd_write, METH_VARARGS,
     PyDoc_STR("wait_fd_write(fd, timeout=0)\n--\n\nSame, until fd can be written.")},
    {"async_sleep", async_sleep, METH_VARARGS,
     PyDoc_STR("async_sleep(seconds)\n--\n\nSame, for a time alone.")},
    {"suspend", suspend, METH_NOARGS,
     PyDoc_STR("suspend()\n--\n\nWaits for what was named before; other threads run meanwhile.")},
    {"green_schedule", suspend, METH_NOARGS,
     PyDoc_STR("green_schedule()\n--\n\nThe older name of suspend().")},
    {"ready_fd", ready_fd, METH_NOARGS,
     PyDoc_STR("ready_fd()\n--\n\nThe descriptor that ended the last wait, -1 where its time was over.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace mortise::python
