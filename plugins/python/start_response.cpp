#include "start_response.h"

#include "gil.h"
#include "response_body.h"

namespace mortise::python {

namespace {

Exchange *exchange_of(PyObject *self, const char *what) {
  Exchange *exchange = reinterpret_cast<ExchangeObject *>(self)->exchange;
  if (!exchange) PyErr_Format(PyExc_RuntimeError, "%s was called after its request had ended", what);
  return exchange;
}

// start_response(status, headers, exc_info=None) -> write
PyObject *call_start_response(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *keywords) {
  const Py_ssize_t count = PyVectorcall_NARGS(nargsf);
  const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
  PyObject *exc_info = count == 3 ? args[2] : Py_None;
  bool good = (count == 2 || count == 3) && named == 0;
  if (count == 2 && named == 1 &&
      PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "exc_info") == 0) {
    exc_info = args[2];
    good = true;
  }
  if (!good) {
    PyErr_SetString(PyExc_TypeError, "start_response takes (status, headers, exc_info=None)");
    return nullptr;
  }
  Exchange *exchange = exchange_of(self, "start_response");
  if (!exchange || !exchange->begin_response(args[0], args[1], exc_info)) return nullptr;
  return exchange->lend_write().release();
}

// write(data): the legacy way to send a body.
PyObject *call_write(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *keywords) {
  CalledByPython mark;
  if (PyVectorcall_NARGS(nargsf) != 1 || keywords) {
    PyErr_SetString(PyExc_TypeError, "write takes one argument: bytes");
    return nullptr;
  }
  Exchange *exchange = exchange_of(self, "write");
  if (!exchange) return nullptr;
  if (!PyBytes_Check(args[0])) {
    PyErr_Format(PyExc_TypeError, "write takes bytes, not %s (PEP 3333)", Py_TYPE(args[0])->tp_name);
    return nullptr;
  }
  if (!send_chunk(exchange->request(), args[0])) {
    // Raised here alone, so that the application stops writing; it does not reach the log.
    PyErr_SetString(PyExc_OSError, "the client is gone");
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(ExchangeObject, vectorcall), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

void destroy(PyObject *self) {
  PyTypeObject *own_type = Py_TYPE(self);
  own_type->tp_free(self);
  Py_DECREF(own_type);
}

PyTypeObject *make_type(const char *name, const char *doc) {
  PyType_Slot slots[] = {{Py_tp_doc, slot(doc)},
                         {Py_tp_dealloc, slot(destroy)},
                         {Py_tp_call, slot(PyVectorcall_Call)},
                         {Py_tp_members, slot(members)},
                         {0, nullptr}};
  PyType_Spec spec = {name, sizeof(ExchangeObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
                      slots};
  return reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&spec));
}

}  // namespace

const vectorcallfunc start_response_call = call_start_response;
const vectorcallfunc write_call = call_write;

bool create_start_response_types(Interpreter &interpreter) {
  interpreter.start_response_type = make_type(
      "uwsgi.start_response",
      "start_response(status, headers, exc_info=None) -> write\n\nBegins the response (PEP 3333): status is "
      "a str like \"200 OK\", headers a list of (str, str).");
  interpreter.write_type =
      make_type("uwsgi.write", "write(data)\n\nSends bytes of the body at once (PEP 3333).");
  return interpreter.start_response_type && interpreter.write_type;
}

}  // namespace mortise::python
