// Functions of the module uwsgi that make and use connections by their descriptors.
#include <uwsgi.h>

#include <vector>

#include "provided_functions.h"
#include "request.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

PyObject *connect_to(const char *address, int timeout, int async) {
  return PyLong_FromLong(without_gil([&] { return uwsgi_connect(address, timeout, async); }));
}

PyObject *connect(PyObject *, PyObject *args) {
  const char *address = nullptr;
  int timeout = 0;
  if (!PyArg_ParseTuple(args, "s|i:connect", &address, &timeout)) return nullptr;
  return connect_to(address, timeout > 0 ? timeout : uwsgi.socket_timeout, 0);
}

PyObject *async_connect(PyObject *, PyObject *args) {
  const char *address = nullptr;
  if (!PyArg_ParseTuple(args, "s:async_connect", &address)) return nullptr;
  return connect_to(address, 0, 1);
}

PyObject *close(PyObject *, PyObject *args) {
  int fd = -1;
  if (!PyArg_ParseTuple(args, "i:close", &fd)) return nullptr;
  ::close(fd);
  Py_RETURN_NONE;
}

// None at the end, or where nothing could be read.
PyObject *recv(PyObject *, PyObject *args) {
  int fd = -1, size = 4096;
  if (!PyArg_ParseTuple(args, "i|i:recv", &fd, &size)) return nullptr;
  if (size < 1) {
    PyErr_Format(PyExc_ValueError, "recv() reads at least one byte, not %d", size);
    return nullptr;
  }
  PyRef bytes(PyBytes_FromStringAndSize(nullptr, size));
  if (!bytes) return nullptr;
  char *target = PyBytes_AS_STRING(bytes.get());
  const ssize_t got = without_gil([&] {
    ssize_t len = -1;
    do len = read(fd, target, static_cast<size_t>(size));
    while (len < 0 && errno == EINTR);
    return len;
  });
  if (got <= 0) Py_RETURN_NONE;
  PyObject *result = bytes.release();
  _PyBytes_Resize(&result, got);
  return result;
}

// To the client: as a part of the body once start_response was called, before that as they are.
bool send_to_client(const char *data, size_t len) {
  Exchange *exchange = needed_exchange();
  if (!exchange) return false;
  wsgi_request *request = exchange->request();
  if (!exchange->response_began()) exchange->begin_raw_response();
  CalledByPython mark;
  return uwsgi_response_write_body_do(request, data, len) == UWSGI_OK;
}

// send(data), send(fd, data).
PyObject *send(PyObject *, PyObject *args) {
  const bool to_client = PyTuple_GET_SIZE(args) == 1;
  int fd = -1;
  Py_buffer data;
  if (to_client ? !PyArg_ParseTuple(args, "s*:send", &data) : !PyArg_ParseTuple(args, "is*:send", &fd, &data))
    return nullptr;
  const auto *bytes = static_cast<const char *>(data.buf);
  const auto len = static_cast<size_t>(data.len);
  const bool sent =
      to_client ? send_to_client(bytes, len)
                : without_gil([&] { return uwsgi_write_true_nb(fd, bytes, len, uwsgi.socket_timeout) == 0; });
  PyBuffer_Release(&data);
  return PyErr_Occurred() ? nullptr : true_or_none(sent);
}

}  // namespace

PyMethodDef connection_functions[] = {
    {"connect", connect, METH_VARARGS,
     PyDoc_STR("connect(address, timeout=0)\n--\n\nDescriptor of a new connection to host:port, /path or "
               "@abstract, the caller's to close(); -1 where that fails. Waits so many seconds, 0: "
               "socket-timeout.")},
    {"async_connect", async_connect, METH_VARARGS,
     PyDoc_STR(
         "async_connect(address)\n--\n\nLike connect(), but does not wait: wait_fd_write() tells when the "
         "connection is there, is_connected() whether.")},
    {"send", send, METH_VARARGS,
     PyDoc_STR(
         "send(data) or send(fd, data)\n\nSends bytes to a descriptor, or to the client of this request: "
         "as a part of the body, or without a start_response before as a whole answer of the "
         "application's own making. True, or None where the other end is gone.")},
    {"recv", recv, METH_VARARGS,
     PyDoc_STR("recv(fd, size=4096)\n--\n\nWhat a descriptor has to read, at most so many bytes; None at its "
               "end.")},
    {"close", close, METH_VARARGS, PyDoc_STR("close(fd)\n--\n\nCloses a descriptor.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace mortise::python
