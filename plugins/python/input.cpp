#include "input.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gil.h"

namespace mortise::python {

namespace {

wsgi_request *request_of(PyObject *self) {
  Exchange *exchange = reinterpret_cast<ExchangeObject *>(self)->exchange;
  if (exchange) return exchange->request();
  PyErr_SetString(PyExc_ValueError, "wsgi.input was read after its request had ended");
  return nullptr;
}

size_t &position_of(PyObject *self) {
  return reinterpret_cast<ExchangeObject *>(self)->exchange->input_position();
}

PyObject *raise_read_error(PyObject *self) {
  const char *why = errno == ETIMEDOUT ? "the client stopped sending it (socket-timeout)"
                    : errno == ENOMEM  ? "not enough memory"
                                       : "the client closed the connection";
  reinterpret_cast<ExchangeObject *>(self)->exchange->input_failed(why);
  PyErr_Format(PyExc_OSError, "the request body is incomplete: %s", why);
  return nullptr;
}

// An optional size: none and None mean -1, no limit. False with an exception set.
bool parse_size(PyObject *const *args, Py_ssize_t count, Py_ssize_t *size) {
  *size = -1;
  if (count > 1) {
    PyErr_SetString(PyExc_TypeError, "at most one argument: a size");
    return false;
  }
  if (count == 0 || args[0] == Py_None) return true;
  *size = PyNumber_AsSsize_t(args[0], PyExc_OverflowError);
  return *size != -1 || !PyErr_Occurred();
}

// Up to `limit` bytes, in pieces, so that a length that the client only claims costs no memory.
PyObject *read_pieces(PyObject *self, size_t limit) {
  wsgi_request *request = request_of(self);
  if (!request) return nullptr;
  constexpr size_t kPiece = 64 * 1024;
  PyObject *bytes = nullptr;
  size_t used = 0, capacity = 0;
  while (used < limit) {
    ssize_t got = 0;
    char *piece =
        uwsgi_request_body_read(request, static_cast<ssize_t>(std::min(limit - used, kPiece)), &got);
    if (!piece) {
      Py_XDECREF(bytes);
      return raise_read_error(self);
    }
    if (got == 0) break;
    size_t len = static_cast<size_t>(got);
    if (used + len > capacity) {
      capacity = std::min(std::max({used + len, capacity * 2}), limit);
      if (!bytes) {
        bytes = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(capacity));
      } else {
        _PyBytes_Resize(&bytes, static_cast<Py_ssize_t>(capacity));
      }
      if (!bytes) return nullptr;
    }
    memcpy(PyBytes_AS_STRING(bytes) + used, piece, len);
    used += len;
  }
  position_of(self) += used;
  if (!bytes) return PyBytes_FromStringAndSize(nullptr, 0);
  if (used < capacity) _PyBytes_Resize(&bytes, static_cast<Py_ssize_t>(used));
  return bytes;
}

PyObject *read_line(PyObject *self, Py_ssize_t limit) {
  wsgi_request *request = request_of(self);
  if (!request) return nullptr;
  if (limit == 0) return PyBytes_FromStringAndSize(nullptr, 0);
  ssize_t len = 0;
  char *line = uwsgi_request_body_readline(request, std::max<Py_ssize_t>(limit, 0), &len);
  if (!line) return raise_read_error(self);
  position_of(self) += static_cast<size_t>(len);
  return PyBytes_FromStringAndSize(line, len);
}

PyObject *read(PyObject *self, PyObject *const *args, Py_ssize_t count) {
  CalledByPython mark;
  Py_ssize_t size = 0;
  if (!parse_size(args, count, &size)) return nullptr;
  return read_pieces(self, size < 0 ? PY_SSIZE_T_MAX : static_cast<size_t>(size));
}

PyObject *readline(PyObject *self, PyObject *const *args, Py_ssize_t count) {
  CalledByPython mark;
  Py_ssize_t size = 0;
  if (!parse_size(args, count, &size)) return nullptr;
  return read_line(self, size);
}

PyObject *readlines(PyObject *self, PyObject *const *args, Py_ssize_t count) {
  CalledByPython mark;
  Py_ssize_t hint = 0;
  if (!parse_size(args, count, &hint)) return nullptr;
  PyRef lines(PyList_New(0));
  for (Py_ssize_t total = 0; lines && (hint <= 0 || total < hint);) {
    PyRef line(read_line(self, -1));
    if (!line) return nullptr;
    if (PyBytes_GET_SIZE(line.get()) == 0) break;
    if (PyList_Append(lines.get(), line.get())) return nullptr;
    total += PyBytes_GET_SIZE(line.get());
  }
  return lines.release();
}

// False with an exception set.
bool is_kept(PyObject *self) {
  if (!request_of(self)) return false;
  if (uwsgi.post_buffering > 0) return true;
  PyErr_SetString(PyExc_OSError, "wsgi.input cannot be read again: set post-buffering");
  return false;
}

PyObject *seek(PyObject *self, PyObject *args) {
  CalledByPython mark;
  Py_ssize_t offset = 0;
  int whence = SEEK_SET;
  if (!PyArg_ParseTuple(args, "n|i", &offset, &whence) || !is_kept(self)) return nullptr;
  const wsgi_request *request = request_of(self);
  size_t &position = position_of(self);
  const auto end = static_cast<Py_ssize_t>(request->post_pos);  // all of it was read from the client
  const Py_ssize_t from = whence == SEEK_SET   ? 0
                          : whence == SEEK_CUR ? static_cast<Py_ssize_t>(position)
                          : whence == SEEK_END ? end
                                               : -1;
  if (from < 0 || offset < -from) {
    PyErr_SetString(PyExc_ValueError, from < 0 ? "whence must be 0, 1 or 2" : "a position before the body");
    return nullptr;
  }
  position = static_cast<size_t>(offset > end - from ? end : from + offset);
  uwsgi_request_body_seek(request_of(self), static_cast<off_t>(position));
  return PyLong_FromSize_t(position);
}

PyObject *tell(PyObject *self, PyObject *) {
  CalledByPython mark;
  return is_kept(self) ? PyLong_FromSize_t(position_of(self)) : nullptr;
}

PyObject *seekable(PyObject *, PyObject *) {
  return PyBool_FromLong(uwsgi.post_buffering > 0);
}

PyObject *next(PyObject *self) {
  CalledByPython mark;
  PyRef line(read_line(self, -1));
  return line && PyBytes_GET_SIZE(line.get()) > 0 ? line.release() : nullptr;
}

// What is left of the body is the server's to read; some applications close what they have read.
PyObject *close(PyObject *, PyObject *) {
  Py_RETURN_NONE;
}

void destroy(PyObject *self) {
  PyTypeObject *own_type = Py_TYPE(self);
  own_type->tp_free(self);
  Py_DECREF(own_type);
}

template <typename Function>
PyCFunction fastcall(Function function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void *>(function));
}

PyMethodDef methods[] = {
    {"read", fastcall(read), METH_FASTCALL,
     PyDoc_STR("read(size=-1)\n--\n\nThe next size bytes of the body, fewer at its end; -1: the rest.")},
    {"readline", fastcall(readline), METH_FASTCALL,
     PyDoc_STR("readline(size=-1)\n--\n\nThe next line with its end, cut at size bytes.")},
    {"readlines", fastcall(readlines), METH_FASTCALL,
     PyDoc_STR("readlines(hint=-1)\n--\n\nThe lines that are left, or as many as make up hint bytes.")},
    {"close", close, METH_NOARGS, PyDoc_STR("close()\n--\n\nDoes nothing: the connection is the server's.")},
    {"seek", seek, METH_VARARGS,
     PyDoc_STR("seek(offset, whence=0)\n--\n\nWhat is read next begins there, no later than at the end; "
               "OSError unless post-buffering is set.")},
    {"tell", tell, METH_NOARGS, PyDoc_STR("tell()\n--\n\nWhat is read next begins there.")},
    {"seekable", seekable, METH_NOARGS, PyDoc_STR("seekable()\n--\n\nWhether post-buffering is set.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool create_input_type(Interpreter &interpreter) {
  PyType_Slot slots[] = {{Py_tp_doc, slot("The body of a request (wsgi.input, PEP 3333).")},
                         {Py_tp_dealloc, slot(destroy)},
                         {Py_tp_iter, slot(PyObject_SelfIter)},
                         {Py_tp_iternext, slot(next)},
                         {Py_tp_methods, slot(methods)},
                         {0, nullptr}};
  PyType_Spec spec = {"uwsgi.Input", sizeof(ExchangeObject), 0, Py_TPFLAGS_DEFAULT, slots};
  interpreter.input_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&spec));
  return interpreter.input_type != nullptr;
}

}  // namespace mortise::python
