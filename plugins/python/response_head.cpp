// The response head: status and headers of start_response are checked and go straight into the server's
// buffer.
#include <array>
#include <cstring>
#include <string_view>

#include "exchange.h"
#include "options.h"

namespace mortise::python {

namespace {

// Token characters of RFC 9110 §5.6.2, which header names are made of.
constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<uint8_t>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<uint8_t>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<uint8_t>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<uint8_t>(c)] = true;
  return table;
}();

// Characters of a str that is latin-1, as PEP 3333 wants; false for anything else.
bool latin1(PyObject *object, std::string_view *text) {
  if (!PyUnicode_Check(object) || PyUnicode_READY(object) < 0 ||
      PyUnicode_KIND(object) != PyUnicode_1BYTE_KIND)
    return false;
  *text = {reinterpret_cast<const char *>(PyUnicode_1BYTE_DATA(object)),
           static_cast<size_t>(PyUnicode_GET_LENGTH(object))};
  return true;
}

bool is_token(std::string_view name) {
  for (char c : name)
    if (!kTokenBytes[static_cast<uint8_t>(c)]) return false;
  return !name.empty();
}

bool is_digits(std::string_view text) {
  constexpr size_t kLongest = 18;  // more would not fit into 64 bits
  for (char c : text)
    if (c < '0' || c > '9') return false;
  return !text.empty() && text.size() <= kLongest;
}

bool equals(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && strncasecmp(text.data(), lower.data(), lower.size()) == 0;
}

enum class Fate { kSend, kLeaveOut, kRefuse };

// How the body is framed and the connection kept is the server's business: hop-by-hop headers (RFC 9110
// §7.6.1) are left out, but for the wish to close and for an upgrade.
Fate fate_of(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 10:
      if (equals(name, "connection"))
        return equals(value, "close") || equals(value, "upgrade") ? Fate::kSend : Fate::kLeaveOut;
      return equals(name, "keep-alive") ? Fate::kLeaveOut : Fate::kSend;
    case 14:
      return equals(name, "content-length") && !is_digits(value) ? Fate::kRefuse : Fate::kSend;
    case 17:
      return equals(name, "transfer-encoding") ? Fate::kLeaveOut : Fate::kSend;
    default:
      return Fate::kSend;
  }
}

bool refuse_value(PyObject *name, PyObject *value, const char *why) {
  PyErr_Format(PyExc_ValueError, "response header %R: %s: %R", name, why, value);
  return false;
}

bool add_header(wsgi_request *request, PyObject *header) {
  if (!PyTuple_Check(header) || PyTuple_GET_SIZE(header) != 2) {
    PyErr_Format(PyExc_TypeError, "each response header must be a tuple (name, value), not %R", header);
    return false;
  }
  PyObject *name_object = PyTuple_GET_ITEM(header, 0), *value_object = PyTuple_GET_ITEM(header, 1);
  std::string_view name, value;
  if (!PyUnicode_Check(name_object) || !PyUnicode_Check(value_object)) {
    PyErr_Format(PyExc_TypeError, "response header %R: name and value must be str, not %s and %s",
                 name_object, Py_TYPE(name_object)->tp_name, Py_TYPE(value_object)->tp_name);
    return false;
  }
  if (!latin1(name_object, &name) || !is_token(name)) {
    PyErr_Format(PyExc_ValueError, "response header %R: the name is no token of RFC 9110", name_object);
    return false;
  }
  if (!latin1(value_object, &value))
    return refuse_value(name_object, value_object, "the value has characters outside latin-1");
  if (name.size() > UINT16_MAX || value.size() > UINT16_MAX)
    return refuse_value(name_object, Py_None, "it is longer than 65535 bytes");
  switch (fate_of(name, value)) {
    case Fate::kLeaveOut:
      return true;
    case Fate::kRefuse:
      return refuse_value(name_object, value_object, "the value must be digits");
    case Fate::kSend:
      break;
  }
  if (uwsgi_response_add_header(request, name.data(), static_cast<uint16_t>(name.size()), value.data(),
                                static_cast<uint16_t>(value.size())) == UWSGI_OK)
    return true;
  return refuse_value(
      name_object, value_object,
      equals(name, "content-length") ? "there is another one" : "the value has a control character");
}

bool add_status(wsgi_request *request, PyObject *status) {
  if (!PyUnicode_Check(status)) {
    PyErr_Format(PyExc_TypeError, "the status must be str, not %s", Py_TYPE(status)->tp_name);
    return false;
  }
  std::string_view text;
  bool good =
      latin1(status, &text) && text.size() >= 4 && is_digits(text.substr(0, 3)) && text[3] == ' ' &&
      text.size() <= UINT16_MAX &&
      (uwsgi_response_prepare_headers(request, text.data(), static_cast<uint16_t>(text.size())) == UWSGI_OK ||
       request->headers_sent);  // a route has answered in the application's place
  if (!good) PyErr_Format(PyExc_ValueError, "the status must look like \"200 OK\", not %R", status);
  return good;
}

// PEP 3333: with the head on its way, an error can only be raised again.
bool raise_again(PyObject *exc_info) {
  if (!PyTuple_Check(exc_info) || PyTuple_GET_SIZE(exc_info) != 3 ||
      !PyExceptionInstance_Check(PyTuple_GET_ITEM(exc_info, 1))) {
    PyErr_SetString(PyExc_TypeError, "exc_info must be what sys.exc_info() returns");
    return false;
  }
  PyObject *exception = PyTuple_GET_ITEM(exc_info, 1), *traceback = PyTuple_GET_ITEM(exc_info, 2);
  if (traceback != Py_None) PyException_SetTraceback(exception, traceback);
  PyErr_SetObject(reinterpret_cast<PyObject *>(Py_TYPE(exception)), exception);
  return false;
}

}  // namespace

bool Exchange::begin_response(PyObject *status, PyObject *headers, PyObject *exc_info) {
  if (exc_info != Py_None && request_->headers_sent) return raise_again(exc_info);
  if (began_ && exc_info == Py_None) {
    PyErr_SetString(PyExc_RuntimeError,
                    "start_response was called twice: the second call needs exc_info (PEP 3333)");
    return false;
  }
  if (!PyList_Check(headers)) {
    PyErr_Format(PyExc_TypeError, "the response headers must be a list of (name, value), not %s",
                 Py_TYPE(headers)->tp_name);
    return false;
  }
  began_ = false;
  if (!add_status(request_, status)) return false;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(headers) && !request_->headers_sent; ++i)
    if (!add_header(request_, PyList_GET_ITEM(headers, i))) return false;
  began_ = true;
  // A client that is gone shows when the body is sent.
  if (options.send_head_at_once) uwsgi_response_write_headers_do(request_);
  return true;
}

}  // namespace mortise::python
