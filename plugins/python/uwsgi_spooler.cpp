// Functions of the module uwsgi that act on the spooler.

#include <cstring>
#include <string>

#include "provided_functions.h"
#include "request.h"

namespace mortise::python {

namespace {

// str or bytes; anything else by its str(), as numbers for "at" and "priority". False with an exception set.
bool text_of(PyObject *object, std::string *text) {
  PyRef other;
  if (!PyBytes_Check(object) && !PyUnicode_Check(object)) {
    other = PyRef(PyObject_Str(object));
    if (!other) return false;
    object = other.get();
  }
  PyRef bytes = PyBytes_Check(object) ? PyRef::borrow(object) : PyRef(PyUnicode_AsUTF8String(object));
  if (!bytes) return false;
  text->assign(PyBytes_AS_STRING(bytes.get()), static_cast<size_t>(PyBytes_GET_SIZE(bytes.get())));
  return true;
}

// A task's pairs as they are stored: 16 bit lengths, little endian, before each name and value.
struct Task {
  std::string pairs, body;

  bool add_text(const std::string &text) {
    if (text.size() > UINT16_MAX) {
      PyErr_SetString(PyExc_ValueError,
                      "a name or value of a task may have 65535 bytes (put more into body)");
      return false;
    }
    pairs += static_cast<char>(text.size() & 0xff);
    pairs += static_cast<char>(text.size() >> 8);
    pairs += text;
    return true;
  }
  bool add(PyObject *dict) {
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, &value)) {
      std::string name, text;
      if (!text_of(key, &name) || !text_of(value, &text)) return false;
      if (name == "body") {
        body = text;
      } else if (!add_text(name) || !add_text(text)) {
        return false;
      }
    }
    if (pairs.size() <= UINT16_MAX) return true;
    PyErr_SetString(PyExc_ValueError, "a task may have 65535 bytes besides its body");
    return false;
  }
};

PyObject *spool(PyObject *, PyObject *args, PyObject *keywords) {
  PyObject *dict = nullptr;
  if (!PyArg_ParseTuple(args, "|O!:spool", &PyDict_Type, &dict)) return nullptr;
  Task task;
  if ((dict && !task.add(dict)) || (keywords && !task.add(keywords))) return nullptr;
  if (task.pairs.empty()) {
    PyErr_SetString(PyExc_ValueError, "a task needs names and values: spool({b\"name\": b\"value\"})");
    return nullptr;
  }
  wsgi_request *request = current_request();
  char *file = without_gil([&] {
    return MORTISE_PROVIDED(uwsgi_spool_request)(request, task.pairs.data(), task.pairs.size(),
                                                 task.body.empty() ? nullptr : task.body.data(),
                                                 task.body.size());
  });
  if (file) return take_bytes(file, strlen(file));
  PyErr_SetString(PyExc_ValueError, "the task was not spooled (the server log says why)");
  return nullptr;
}

PyObject *spooler_pids(PyObject *, PyObject *) {
  PyRef pids(PyList_New(0));
  for (uwsgi_spooler *spooler = uwsgi.spoolers; pids && spooler; spooler = spooler->next) {
    PyRef pid(PyLong_FromLong(spooler->pid));
    if (!pid || PyList_Append(pids.get(), pid.get())) return nullptr;
  }
  return pids.release();
}

PyObject *spooler_pid(PyObject *, PyObject *) {
  return PyLong_FromLong(uwsgi.spoolers ? uwsgi.spoolers->pid : 0);
}

template <typename Function>
PyCFunction with_keywords(Function function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void *>(function));
}

constexpr char kSpoolDoc[] =
    "spool(task, **more)\n--\n\nHands a task, names and values as bytes, to the spooler, which calls "
    "uwsgi.spooler(task). Its own names: spooler (a directory), priority, at (seconds since 1970), body. The "
    "name of the task's file.";

}  // namespace

ProvidedFunction spooler_functions[] = {
    {"uwsgi_spool_request", {"spool", with_keywords(spool), METH_VARARGS | METH_KEYWORDS, kSpoolDoc}},
    {"uwsgi_spool_request",
     {"send_to_spooler", with_keywords(spool), METH_VARARGS | METH_KEYWORDS, kSpoolDoc}},
    {"uwsgi_spool_request",
     {"spooler_pid", spooler_pid, METH_NOARGS,
      PyDoc_STR("spooler_pid()\n--\n\nProcess id of the first spooler, 0 where there is none.")}},
    {"uwsgi_spool_request",
     {"spooler_pids", spooler_pids, METH_NOARGS,
      PyDoc_STR("spooler_pids()\n--\n\nProcess ids of all spoolers.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

}  // namespace mortise::python
