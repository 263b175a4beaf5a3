#include "environ.h"

#include <cstring>
#include <string_view>

#include "file_wrapper.h"
#include "log_stream.h"
#include "options.h"

namespace mortise::python {

namespace {

PyRef decode(std::string_view bytes) {
  return PyRef(PyUnicode_DecodeLatin1(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr));
}

// Value of a variable that tends to have the one it had before.
PyRef repeated(VariableName &entry, std::string_view bytes) {
  constexpr size_t kLongest = 256;
  if (bytes.size() > kLongest) return decode(bytes);
  if (PyObject *last = entry.value; last && static_cast<size_t>(PyUnicode_GET_LENGTH(last)) == bytes.size() &&
                                    memcmp(PyUnicode_1BYTE_DATA(last), bytes.data(), bytes.size()) == 0)
    return PyRef::borrow(last);
  PyRef value = decode(bytes);
  if (value) {
    PyRef replaced(entry.value);
    entry.value = PyRef::borrow(value.get()).release();
  }
  return value;
}

bool is_on(std::string_view text) {
  return text == "on" || text == "1" || text == "true" || text == "On" || text == "ON";
}

bool set(PyObject *dict, const char *key, PyObject *value) {
  PyRef name(PyUnicode_InternFromString(key));
  return name && value && PyDict_SetItem(dict, name.get(), value) == 0;
}
bool set_text(PyObject *dict, const char *key, const char *value) {
  PyRef text(PyUnicode_InternFromString(value));
  return text && set(dict, key, text.get());
}
bool set_flag(PyObject *dict, const char *key, bool value) {
  return set(dict, key, value ? Py_True : Py_False);
}

// A copied dict has the capacity of its original: names that come and go make it large enough for those that
// requests add, which saves growing each copy.
bool make_room(PyObject *dict) {
  constexpr int kRoom = 6;  // with the names that stay, more than the 21 that fit into a dict of 32 slots
  for (int i = 0; i < kRoom; ++i)
    if (PyRef key(PyUnicode_FromFormat("room %d", i)); !key || PyDict_SetItem(dict, key.get(), Py_None))
      return false;
  for (int i = 0; i < kRoom; ++i)
    if (PyRef key(PyUnicode_FromFormat("room %d", i)); !key || PyDict_DelItem(dict, key.get())) return false;
  return true;
}

}  // namespace

PyRef make_environ_template(const Interpreter &interpreter) {
  PyRef dict(PyDict_New());
  PyRef version(Py_BuildValue("(ii)", 1, 0));
  PyRef errors = make_log_stream(interpreter);
  PyRef server_version = PyRef::borrow(PyDict_GetItemString(PyModule_GetDict(interpreter.module), "version"));
  PyRef node(PyBytes_FromString(uwsgi.hostname));
  if (!dict || !version || !errors || !server_version || !node) return {};
  PyObject *d = dict.get();
  bool good = set(d, "wsgi.version", version.get()) && set_text(d, "wsgi.url_scheme", "http") &&
              set(d, "wsgi.input", Py_None) && set(d, "wsgi.errors", errors.get()) &&
              set_flag(d, "wsgi.multithread", uwsgi.cores > 1) &&
              set_flag(d, "wsgi.multiprocess", uwsgi.numproc > 1) && set_flag(d, "wsgi.run_once", false) &&
              set_flag(d, "wsgi.input_terminated", true) && set(d, "uwsgi.version", server_version.get()) &&
              set(d, "uwsgi.node", node.get());
  if (good && !options.no_file_wrapper)
    good = set(d, "wsgi.file_wrapper", reinterpret_cast<PyObject *>(interpreter.file_wrapper_type));
  // PEP 3333 asks for these; a frontend that leaves one out gets what is true.
  const char *const kDefaults[][2] = {{"REQUEST_METHOD", "GET"},
                                      {"SCRIPT_NAME", ""},
                                      {"PATH_INFO", ""},
                                      {"QUERY_STRING", ""},
                                      {"SERVER_NAME", uwsgi.hostname},
                                      {"SERVER_PORT", "80"},
                                      {"SERVER_PROTOCOL", "HTTP/1.0"}};
  for (const auto &[key, value] : kDefaults) good = good && set_text(d, key, value);
  return good && make_room(d) ? std::move(dict) : PyRef();
}

// wsgi.url_scheme, where it is not the template's "http". False with an exception set.
static bool set_scheme(const Interpreter &interpreter, const wsgi_request *request, std::string_view scheme,
                       PyObject *environ) {
  if (scheme.empty() && is_on({request->https, request->https_len})) scheme = "https";
  if (scheme.empty() || scheme == "http") return true;
  PyRef other = scheme == "https" ? PyRef::borrow(interpreter.https) : decode(scheme);
  return other && PyDict_SetItem(environ, interpreter.wsgi_url_scheme, other.get()) == 0;
}

// Variable by variable; one of them may say which scheme it is.
static PyRef build_environ(Interpreter &interpreter, PyObject *environ_template, const wsgi_request *request,
                           std::string_view *scheme) {
  PyRef environ(PyDict_Copy(environ_template));
  if (!environ) return {};
  for (int i = 0; i + 1 < request->var_cnt; i += 2) {
    const iovec &key = request->hvec[i], &val = request->hvec[i + 1];
    std::string_view bytes(static_cast<const char *>(val.iov_base), val.iov_len);
    VariableName *entry = interpreter.names.find({static_cast<const char *>(key.iov_base), key.iov_len});
    if (!entry) return {};
    if (entry->role == Role::kIgnored) continue;
    if (entry->role == Role::kScheme) *scheme = bytes;
    // The entry may be replaced while the value is made: no allocation of ours runs Python code, but be safe.
    PyRef name = PyRef::borrow(entry->name);
    PyRef value = entry->role == Role::kRepeating ? repeated(*entry, bytes) : decode(bytes);
    if (!value || PyDict_SetItem(environ.get(), name.get(), value.get()) < 0) return {};
  }
  return environ;
}

PyRef make_environ(Interpreter &interpreter, const Application &application, const wsgi_request *request) {
  PyRef environ;
  std::string_view scheme(request->scheme, request->scheme_len);
  EnvironShapes::Result result = application.shapes->fill(request, &environ);
  if (result == EnvironShapes::Result::kRaised) return {};
  if (result == EnvironShapes::Result::kUnknown) {
    environ = build_environ(interpreter, application.environ_template, request, &scheme);
    if (!environ) return {};
    application.shapes->learn(request, interpreter.names, application.environ_template);
  }
  return set_scheme(interpreter, request, scheme, environ.get()) ? std::move(environ) : PyRef();
}

}  // namespace mortise::python
