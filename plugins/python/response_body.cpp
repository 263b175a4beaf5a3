#include "response_body.h"

#include <array>
#include <optional>
#include <string>

#include "exchange.h"
#include "file_wrapper.h"
#include "gil.h"
#include "options.h"

namespace mortise::python {

namespace {

BodyResult refuse(Exchange &exchange, const char *what) {
  uwsgi_log("python: %s in %s\n", what, describe(exchange.request()).c_str());
  return BodyResult::kRefused;
}

BodyResult refuse_type(Exchange &exchange, PyObject *object) {
  if (PyUnicode_Check(object))
    return refuse(exchange,
                  "application returned str in the response body; WSGI wants bytes: return [b\"...\"] or "
                  "\"...\".encode() (PEP 3333)");
  std::string what = std::string("application returned ") + Py_TYPE(object)->tp_name +
                     " in the response body; WSGI wants an iterable of bytes (PEP 3333)";
  return refuse(exchange, what.c_str());
}

BodyResult refuse_early_body(Exchange &exchange) {
  return refuse(exchange, "application sent a body before it called start_response (PEP 3333)");
}

// Whether the length may be added: nothing was said about it, and there is a body for it to be the length of.
// A HEAD's empty body says nothing of what GET would answer.
bool may_add_length(const wsgi_request *request, size_t body_bytes) {
  if (request->has_content_length || request->headers_sent) return false;
  if (request->status < 200 || request->status == 204 || request->status == 304) return false;
  return !request->body_less || body_bytes > 0;
}

// An item as bytes: itself, or a copy of what is like bytes where the configuration takes that.
PyRef as_bytes(PyObject *item) {
  if (options.accept_buffers && !PyBytes_Check(item) && PyObject_CheckBuffer(item))
    return PyRef(PyBytes_FromObject(item));
  return PyRef::borrow(item);
}

// Items of a list or tuple. They are held while they are sent: another thread may change the list during a
// wait.
BodyResult send_items(Exchange &exchange, PyObject *const *items, Py_ssize_t count) {
  wsgi_request *request = exchange.request();
  size_t total = 0;
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!PyBytes_Check(items[i])) return refuse_type(exchange, items[i]);
    total += static_cast<size_t>(PyBytes_GET_SIZE(items[i]));
  }
  if (!exchange.response_began()) return total ? refuse_early_body(exchange) : BodyResult::kSent;
  if (may_add_length(request, total)) uwsgi_response_add_content_length(request, total);
  if (total == 0) return BodyResult::kSent;  // the server sends the head by itself
  if (count == 1) return send_chunk(request, items[0]), BodyResult::kSent;
  constexpr Py_ssize_t kBatch = 16;
  for (Py_ssize_t start = 0; start < count; start += kBatch) {
    std::array<PyRef, kBatch> held;
    std::array<iovec, kBatch> parts;
    const Py_ssize_t end = std::min(count, start + kBatch);
    for (Py_ssize_t i = start; i < end; ++i) {
      held[i - start] = PyRef::borrow(items[i]);
      parts[i - start] = {PyBytes_AS_STRING(items[i]), static_cast<size_t>(PyBytes_GET_SIZE(items[i]))};
    }
    if (uwsgi_response_writev_body_do(request, parts.data(), static_cast<size_t>(end - start))) break;
  }
  return BodyResult::kSent;
}

BodyResult send_file(Exchange &exchange, const FileSource &source) {
  if (!exchange.response_began()) return refuse_early_body(exchange);
  wsgi_request *request = exchange.request();
  if (may_add_length(request, source.bytes)) uwsgi_response_add_content_length(request, source.bytes);
  if (source.bytes == 0) return BodyResult::kSent;
  GilRelease release;  // the disk may be slow
  uwsgi_response_sendfile_do_can_close(request, source.fd, source.position, source.bytes, 0);
  return BodyResult::kSent;
}

BodyResult send_rest(Exchange &exchange, const PyRef &iterator) {
  wsgi_request *request = exchange.request();
  while (PyRef item{PyIter_Next(iterator.get())}) {
    item = as_bytes(item.get());
    if (!item) return BodyResult::kRaised;
    exchange.must_be_the_worker();
    if (!PyBytes_Check(item.get())) return refuse_type(exchange, item.get());
    if (PyBytes_GET_SIZE(item.get()) == 0) {  // no part of the body: start_response may still follow
      if (exchange.waits().any() && exchange.waits().begin(request)) return BodyResult::kAgain;
      if (exchange.waits().any()) exchange.waits().wait();
      continue;
    }
    if (!exchange.response_began()) return refuse_early_body(exchange);
    if (request->body_less) return BodyResult::kSent;  // nobody reads the rest
    if (!send_chunk(request, item.get())) return BodyResult::kSent;
  }
  return PyErr_Occurred() ? BodyResult::kRaised : BodyResult::kSent;
}

BodyResult send_iterable(Exchange &exchange, PyObject *result) {
  PyRef iterator = exchange.take_iterator();
  if (!iterator) iterator = PyRef(PyObject_GetIter(result));
  if (!iterator) {
    PyErr_Clear();
    return refuse_type(exchange, result);
  }
  const BodyResult sent = send_rest(exchange, iterator);
  if (sent == BodyResult::kAgain) exchange.keep_iterator(std::move(iterator));
  return sent;
}

}  // namespace

bool send_chunk(wsgi_request *request, PyObject *bytes) {
  PyRef held = PyRef::borrow(bytes);
  constexpr Py_ssize_t kLongBytes = 1024 * 1024;  // to copy this for a slow client takes a while
  std::optional<GilRelease> release;
  if (PyBytes_GET_SIZE(bytes) >= kLongBytes) release.emplace();
  return uwsgi_response_write_body_do(request, PyBytes_AS_STRING(bytes),
                                      static_cast<size_t>(PyBytes_GET_SIZE(bytes))) == UWSGI_OK;
}

BodyResult send_body(Exchange &exchange, PyObject *result) {
  if (exchange.iterates()) return send_iterable(exchange, result);
  if (options.accept_buffers && (PyList_CheckExact(result) || PyTuple_CheckExact(result)))
    return send_iterable(exchange, result);  // each item is looked at
  if (PyList_CheckExact(result) && PyList_GET_SIZE(result) <= 16) {
    // A list can change while its items are sent; so few are copied.
    std::array<PyObject *, 16> items;
    const Py_ssize_t count = PyList_GET_SIZE(result);
    for (Py_ssize_t i = 0; i < count; ++i) items[i] = PyList_GET_ITEM(result, i);
    return send_items(exchange, items.data(), count);
  }
  if (PyList_CheckExact(result)) {
    PyRef copy(PyList_AsTuple(result));
    return copy ? send_body(exchange, copy.get()) : BodyResult::kRaised;
  }
  if (PyTuple_CheckExact(result))
    return send_items(exchange, &PyTuple_GET_ITEM(result, 0), PyTuple_GET_SIZE(result));
  if (PyBytes_Check(result)) return send_items(exchange, &result, 1);
  if (PyUnicode_Check(result)) return refuse_type(exchange, result);
  FileSource source;
  if (find_file_source(exchange.interpreter(), result, &source)) return send_file(exchange, source);
  return send_iterable(exchange, result);
}

}  // namespace mortise::python
