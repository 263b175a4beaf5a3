// Functions of the module uwsgi that speak WebSocket on the connection of the calling thread's request.

#include "provided_functions.h"
#include "request.h"

namespace mortise::python {

namespace {

PyObject *lost() {
  PyErr_SetString(PyExc_OSError, "the WebSocket is closed");
  return nullptr;
}

PyObject *websocket_handshake(PyObject *, PyObject *args) {
  const char *key = nullptr, *origin = nullptr, *protocol = nullptr;
  Py_ssize_t key_len = 0, origin_len = 0, protocol_len = 0;
  if (!PyArg_ParseTuple(args, "|z#z#z#:websocket_handshake", &key, &key_len, &origin, &origin_len, &protocol,
                        &protocol_len))
    return nullptr;
  wsgi_request *request = needed_request();
  if (!request) return nullptr;
  int result = without_gil([&] {
    return MORTISE_PROVIDED(uwsgi_websocket_handshake)(request, key, static_cast<uint16_t>(key_len), origin,
                                                       static_cast<uint16_t>(origin_len), protocol,
                                                       static_cast<uint16_t>(protocol_len));
  });
  if (result == 0) Py_RETURN_NONE;
  PyErr_SetString(PyExc_OSError, "the WebSocket handshake failed: the client asked for none, or is gone");
  return nullptr;
}

template <typename Function>
PyObject *receive(Function function) {
  wsgi_request *request = needed_request();
  if (!request) return nullptr;
  uwsgi_buffer *message = without_gil([&] { return function(request); });
  if (!message) return lost();
  PyObject *bytes = PyBytes_FromStringAndSize(message->buf, static_cast<Py_ssize_t>(message->pos));
  uwsgi_buffer_destroy(message);
  return bytes;
}
PyObject *websocket_recv(PyObject *, PyObject *) {
  return receive(MORTISE_PROVIDED(uwsgi_websocket_recv));
}
PyObject *websocket_recv_nb(PyObject *, PyObject *) {
  return receive(MORTISE_PROVIDED(uwsgi_websocket_recv_nb));
}

template <typename Function>
PyObject *send(PyObject *args, Function function) {
  const char *message = nullptr;
  Py_ssize_t len = 0;
  if (!PyArg_ParseTuple(args, "s#", &message, &len)) return nullptr;
  wsgi_request *request = needed_request();
  if (!request) return nullptr;
  if (without_gil([&] { return function(request, message, static_cast<size_t>(len)); })) return lost();
  Py_RETURN_NONE;
}
PyObject *websocket_send(PyObject *, PyObject *args) {
  return send(args, MORTISE_PROVIDED(uwsgi_websocket_send));
}
PyObject *websocket_send_binary(PyObject *, PyObject *args) {
  return send(args, MORTISE_PROVIDED(uwsgi_websocket_send_binary));
}

}  // namespace

ProvidedFunction websocket_functions[] = {
    {"uwsgi_websocket_handshake",
     {"websocket_handshake", websocket_handshake, METH_VARARGS,
      PyDoc_STR(
          "websocket_handshake(key=None, origin=None, protocol=None)\n--\n\nMakes the request's connection a "
          "WebSocket (RFC 6455). OSError where that fails.")}},
    {"uwsgi_websocket_recv",
     {"websocket_recv", websocket_recv, METH_NOARGS,
      PyDoc_STR("websocket_recv()\n--\n\nThe next message, as bytes. OSError once the client has closed.")}},
    {"uwsgi_websocket_recv_nb",
     {"websocket_recv_nb", websocket_recv_nb, METH_NOARGS,
      PyDoc_STR("websocket_recv_nb()\n--\n\nThe next message, b\"\" where none is there yet.")}},
    {"uwsgi_websocket_send",
     {"websocket_send", websocket_send, METH_VARARGS,
      PyDoc_STR("websocket_send(message)\n--\n\nSends a message as text.")}},
    {"uwsgi_websocket_send_binary",
     {"websocket_send_binary", websocket_send_binary, METH_VARARGS,
      PyDoc_STR("websocket_send_binary(message)\n--\n\nSends a message as binary data.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

}  // namespace mortise::python
