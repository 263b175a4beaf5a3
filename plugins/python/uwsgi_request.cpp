// Functions of the module uwsgi that act on the request being served by the calling thread.
#include <uwsgi.h>

#include "provided_functions.h"
#include "request.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

PyObject *connection_fd(PyObject *, PyObject *) {
  wsgi_request *request = needed_request();
  return request ? PyLong_FromLong(request->fd) : nullptr;
}

PyObject *content_length(PyObject *, PyObject *) {
  wsgi_request *request = needed_request();
  return request ? PyLong_FromSize_t(request->post_cl) : nullptr;
}

PyObject *disconnect(PyObject *, PyObject *) {
  wsgi_request *request = needed_request();
  if (!request) return nullptr;
  uwsgi_disconnect(request);
  Py_RETURN_NONE;
}

PyObject *request_id(PyObject *, PyObject *) {
  return PyLong_FromUnsignedLongLong(__atomic_load_n(&uwsgi.workers[uwsgi.mywid].requests, __ATOMIC_RELAXED));
}

// Two texts, str or bytes, within what the server takes. False with an exception set.
struct TextPair {
  const char *key, *value;
  Py_ssize_t key_len, value_len;
  bool parse(PyObject *args, Py_ssize_t longest) {
    if (!PyArg_ParseTuple(args, "s#s#", &key, &key_len, &value, &value_len)) return false;
    if (key_len <= longest && value_len <= longest) return true;
    PyErr_Format(PyExc_ValueError, "name and value may have %zd bytes each", longest);
    return false;
  }
};

PyObject *set_logvar(PyObject *, PyObject *args) {
  TextPair pair;
  if (!pair.parse(args, UINT8_MAX)) return nullptr;
  wsgi_request *request = needed_request();
  if (!request) return nullptr;
  uwsgi_logvar_add(request, pair.key, static_cast<uint8_t>(pair.key_len), pair.value,
                   static_cast<uint8_t>(pair.value_len));
  Py_RETURN_NONE;
}

PyObject *get_logvar(PyObject *, PyObject *args) {
  const char *name = nullptr;
  Py_ssize_t len = 0;
  if (!PyArg_ParseTuple(args, "s#:get_logvar", &name, &len)) return nullptr;
  wsgi_request *request = needed_request();
  if (!request) return nullptr;
  const uwsgi_logvar *variable =
      len <= UINT8_MAX ? uwsgi_logvar_get(request, name, static_cast<uint8_t>(len)) : nullptr;
  if (!variable) Py_RETURN_NONE;
  return PyBytes_FromStringAndSize(variable->val, variable->vallen);
}

PyObject *log_this_request(PyObject *, PyObject *) {
  wsgi_request *request = needed_request();
  if (!request) return nullptr;
  request->log_this = 1;
  Py_RETURN_NONE;
}

PyObject *add_var(PyObject *, PyObject *args) {
  TextPair pair;
  if (!pair.parse(args, UINT16_MAX)) return nullptr;
  wsgi_request *request = needed_request();
  if (!request) return nullptr;
  if (!uwsgi_req_append(request, pair.key, static_cast<uint16_t>(pair.key_len), pair.value,
                        static_cast<uint16_t>(pair.value_len))) {
    PyErr_SetString(PyExc_ValueError, "the request has no room for another variable");
    return nullptr;
  }
  Py_RETURN_TRUE;
}

PyObject *is_connected(PyObject *, PyObject *args) {
  int fd = -1, error = 0;
  if (!PyArg_ParseTuple(args, "i:is_connected", &fd)) return nullptr;
  socklen_t len = sizeof error;
  return PyBool_FromLong(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0);
}

bool is(PyObject *name, const char *text) {
  return PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, text) == 0;
}

// uwsgi.env and uwsgi.start_response: what this thread's application was called with; and functions of
// plugins that are loaded.
PyObject *missing_attribute(PyObject *, PyObject *name) {
  if (Exchange *exchange = current_exchange(); exchange && exchange->environ()) {
    if (is(name, "env")) return PyRef::borrow(exchange->environ()).release();
    if (is(name, "start_response")) return exchange->lend_start_response().release();
  }
  const char *text = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : nullptr;
  PyRef function = text ? find_provided_function(text) : PyRef();
  // Found without this detour from now on.
  if (function)
    return PyObject_SetAttr(this_interpreter().module, name, function.get()) ? nullptr : function.release();
  if (PyErr_Occurred()) return nullptr;
  PyErr_Format(PyExc_AttributeError, "module 'uwsgi' has no attribute %R", name);
  return nullptr;
}

}  // namespace

PyMethodDef request_functions[] = {
    {"connection_fd", connection_fd, METH_NOARGS,
     PyDoc_STR("connection_fd()\n--\n\nDescriptor of the client's connection; it stays the server's.")},
    {"cl", content_length, METH_NOARGS, PyDoc_STR("cl()\n--\n\nContent-Length of the request.")},
    {"disconnect", disconnect, METH_NOARGS,
     PyDoc_STR("disconnect()\n--\n\nEnds the client's connection now; the application goes on.")},
    {"request_id", request_id, METH_NOARGS,
     PyDoc_STR("request_id()\n--\n\nNumber of requests that this worker answered before.")},
    {"set_logvar", set_logvar, METH_VARARGS,
     PyDoc_STR(
         "set_logvar(name, value)\n--\n\nSets what %(name) in log-format stands for, for this request.")},
    {"get_logvar", get_logvar, METH_VARARGS,
     PyDoc_STR("get_logvar(name)\n--\n\nWhat set_logvar() set, as bytes; None where nothing was set.")},
    {"log_this_request", log_this_request, METH_NOARGS,
     PyDoc_STR("log_this_request()\n--\n\nLogs this request although disable-logging is on.")},
    {"add_var", add_var, METH_VARARGS,
     PyDoc_STR(
         "add_var(name, value)\n--\n\nAdds a variable to the request, for what runs after the application.")},
    {"is_connected", is_connected, METH_VARARGS,
     PyDoc_STR("is_connected(fd)\n--\n\nWhether a socket is connected and without error.")},
    {"__getattr__", missing_attribute, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace mortise::python
