// Functions of the module uwsgi about the bodies of the calling thread's request and of its answer; and
// routes, which may answer it.
#include <fcntl.h>
#include <sys/stat.h>

#include <string>

#include "provided_functions.h"
#include "request.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

PyObject *chunk_of(int timeout, int nb) {
  wsgi_request *request = needed_request();
  if (!request) return nullptr;
  size_t len = 0;
  CalledByPython mark;
  const char *chunk = uwsgi_chunked_read(request, &len, timeout, nb);
  if (chunk) return PyBytes_FromStringAndSize(chunk, static_cast<Py_ssize_t>(len));
  if (nb && uwsgi_is_again()) Py_RETURN_NONE;
  PyErr_SetString(PyExc_OSError, "the next chunk of the request body did not come");
  return nullptr;
}

PyObject *chunked_read(PyObject *, PyObject *args) {
  int timeout = 0;
  return PyArg_ParseTuple(args, "|i:chunked_read", &timeout) ? chunk_of(timeout, 0) : nullptr;
}

PyObject *chunked_read_nb(PyObject *, PyObject *) {
  return chunk_of(0, 1);
}

// The exchange of a response that began: what follows is its body.
Exchange *answering_exchange() {
  Exchange *exchange = needed_exchange();
  if (!exchange || exchange->response_began()) return exchange;
  PyErr_SetString(PyExc_RuntimeError, "a file is a body: call start_response first (PEP 3333)");
  return nullptr;
}

// A descriptor of a file that is named, or that a file object or a number stands for; the caller's to close.
int open_source(PyObject *source) {
  if (!PyUnicode_Check(source) && !PyBytes_Check(source)) {
    const int fd = PyObject_AsFileDescriptor(source);
    const int own = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0 && own < 0) PyErr_SetFromErrno(PyExc_OSError);
    return own;
  }
  PyObject *path = nullptr;
  if (!PyUnicode_FSConverter(source, &path)) return -1;
  PyRef held(path);
  const int fd = open(PyBytes_AS_STRING(path), O_RDONLY | O_CLOEXEC);
  if (fd < 0) PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, source);
  return fd;
}

// The bytes that follow pos, len at most (0: all). False with an exception set where there can be none.
bool limit_to_file(int fd, size_t pos, size_t *len) {
  struct stat info {};
  if (fstat(fd, &info)) return PyErr_SetFromErrno(PyExc_OSError), false;
  if (!S_ISREG(info.st_mode))
    return PyErr_SetString(PyExc_ValueError, "only regular files can be sent"), false;
  const auto size = static_cast<size_t>(info.st_size);
  const size_t left = pos < size ? size - pos : 0;
  if (*len == 0 || *len > left) *len = left;
  return true;
}

// Sends a part of a file; the descriptor is closed. Where offload threads are to do it they take the
// connection.
PyObject *send_file(PyObject *source, size_t pos, size_t len, bool by_thread, PyRef result) {
  Exchange *exchange = answering_exchange();
  const int fd = exchange ? open_source(source) : -1;
  if (fd < 0) return nullptr;
  if (!limit_to_file(fd, pos, &len)) return close(fd), nullptr;
  wsgi_request *request = exchange->request();
  if (len == 0 || request->body_less) return close(fd), result.release();
  const auto offload = reinterpret_cast<decltype(&uwsgi_offload_request_sendfile_do)>(
      by_thread ? provided_symbol("uwsgi_offload_request_sendfile_do") : nullptr);
  without_gil([&] {
    return offload && offload(request, fd, pos, len) == 0
               ? UWSGI_OK
               : uwsgi_response_sendfile_do_can_close(request, fd, pos, len, 1);
  });
  return result.release();
}

PyObject *sendfile(PyObject *, PyObject *args, PyObject *keywords) {
  PyObject *source = nullptr;
  int chunk = 0;  // uWSGI's; sendfile(2) needs none
  Py_ssize_t pos = 0, size = 0;
  static const char *const kNames[] = {"file", "chunk", "pos", "size", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|inn:sendfile", const_cast<char **>(kNames), &source,
                                   &chunk, &pos, &size))
    return nullptr;
  if (pos < 0 || size < 0) return PyErr_SetString(PyExc_ValueError, "pos and size are not negative"), nullptr;
  return send_file(source, static_cast<size_t>(pos), static_cast<size_t>(size), false,
                   PyRef::borrow(Py_True));
}

PyObject *offload(PyObject *, PyObject *args) {
  PyObject *source = nullptr;
  Py_ssize_t size = 0;
  if (!PyArg_ParseTuple(args, "O|n:offload", &source, &size)) return nullptr;
  if (size < 0) return PyErr_SetString(PyExc_ValueError, "size is not negative"), nullptr;
  return send_file(source, 0, static_cast<size_t>(size), true, PyRef(PyBytes_FromStringAndSize("", 0)));
}

PyObject *route(PyObject *, PyObject *args) {
  const char *router = nullptr, *arguments = nullptr;
  if (!PyArg_ParseTuple(args, "ss:route", &router, &arguments)) return nullptr;
  wsgi_request *request = needed_request();
  if (!request) return nullptr;
  std::string name = router, text = arguments;
  return PyLong_FromLong(
      without_gil([&] { return MORTISE_PROVIDED(uwsgi_route_api_func)(request, name.data(), text.data()); }));
}

}  // namespace

PyMethodDef body_functions[] = {
    {"chunked_read", chunked_read, METH_VARARGS,
     PyDoc_STR(
         "chunked_read(timeout=0)\n--\n\nThe next part of the request body as it comes, b\"\" at its end. "
         "OSError where none comes in so many seconds, 0: socket-timeout.")},
    {"chunked_read_nb", chunked_read_nb, METH_NOARGS,
     PyDoc_STR("chunked_read_nb()\n--\n\nThe same, None where no part is there yet.")},
    {"sendfile", reinterpret_cast<PyCFunction>(reinterpret_cast<void *>(sendfile)),
     METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("sendfile(file, chunk=0, pos=0, size=0)\n--\n\nSends a file (its path, an open file or a "
               "descriptor), or size bytes of it from pos, as the rest of the body. True.")},
    {"offload", offload, METH_VARARGS,
     PyDoc_STR("offload(file, size=0)\n--\n\nLike sendfile(); with offload-threads "
               "one of them does it and this thread is free. b\"\".")},
    {nullptr, nullptr, 0, nullptr}};

ProvidedFunction route_functions[] = {
    {"uwsgi_route_api_func",
     {"route", route, METH_VARARGS,
      PyDoc_STR("route(action, arguments)\n--\n\nRuns an action of routes for this request: 2 where it has "
                "answered, 0 or 1 where not, -1 where there is no such action.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

}  // namespace mortise::python
