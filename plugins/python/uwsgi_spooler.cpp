// Functions of the module uwsgi that act on the spooler.

#include <cstring>
#include <string>
#include <vector>

#include "packed_pairs.h"
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

void add_files(const std::string &folder, bool priorities, std::vector<std::string> *files) {
  DIR *open = opendir(folder.c_str());
  if (!open) return;
  while (const dirent *entry = readdir(open)) {
    const std::string name = entry->d_name;
    if (name.starts_with("uwsgi_spoolfile_on_")) files->push_back(folder + "/" + name);
    if (priorities && name.find_first_not_of("0123456789") == name.npos)
      add_files(folder + "/" + name, false, files);
  }
  closedir(open);
}

PyObject *spooler_jobs(PyObject *, PyObject *) {
  std::vector<std::string> files;
  for (uwsgi_spooler *spooler = uwsgi.spoolers; spooler; spooler = spooler->next)
    add_files(spooler->dir, true, &files);
  PyRef list(PyList_New(0));
  for (const std::string &file : files) {
    PyRef path(PyUnicode_DecodeFSDefault(file.c_str()));
    if (!list || !path || PyList_Append(list.get(), path.get())) return nullptr;
  }
  return list.release();
}

// None where the file is none of a task.
PyObject *spooler_get_task(PyObject *, PyObject *args) {
  const char *path = nullptr;
  if (!PyArg_ParseTuple(args, "s:spooler_get_task", &path)) return nullptr;
  uwsgi_header header{};
  struct stat info {};
  std::vector<char> pairs(UINT16_MAX + 1);
  char *body = nullptr;
  size_t body_len = 0;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const bool good =
      fd >= 0 && fstat(fd, &info) == 0 &&
      MORTISE_PROVIDED(uwsgi_spooler_read_header)(const_cast<char *>(path), fd, &header) == 0 &&
      MORTISE_PROVIDED(uwsgi_spooler_read_content)(fd, pairs.data(), &body, &body_len, &header, &info) == 0;
  if (fd >= 0) close(fd);
  PyRef bytes(take_bytes(body, body_len));
  if (!bytes) return nullptr;
  if (!good) Py_RETURN_NONE;
  PyRef task(dict_of_pairs(pairs.data(), header.pktsize));
  if (task && task.get() != Py_None && body_len && PyDict_SetItemString(task.get(), "body", bytes.get()))
    return nullptr;
  return task.release();
}

PyObject *set_spooler_frequency(PyObject *, PyObject *args) {
  int seconds = 0;
  if (!PyArg_ParseTuple(args, "i:set_spooler_frequency", &seconds)) return nullptr;
  if (MORTISE_PROVIDED(uwsgi_set_spooler_frequency)(seconds) == 0) Py_RETURN_TRUE;
  PyErr_Format(PyExc_ValueError, "spoolers look for tasks every so many seconds, at least 1, not %d",
               seconds);
  return nullptr;
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
     {"spooler_jobs", spooler_jobs, METH_NOARGS,
      PyDoc_STR("spooler_jobs()\n--\n\nThe files of the tasks that wait or run.")}},
    {"uwsgi_spooler_read_header",
     {"spooler_get_task", spooler_get_task, METH_VARARGS,
      PyDoc_STR("spooler_get_task(path)\n--\n\nThe task in a file, None where it has none.")}},
    {"uwsgi_set_spooler_frequency",
     {"set_spooler_frequency", set_spooler_frequency, METH_VARARGS,
      PyDoc_STR("set_spooler_frequency(seconds)\n--\n\nHow often spoolers look for tasks that came by "
                "other ways, and try again those that failed.")}},
    {"uwsgi_spool_request",
     {"spooler_pid", spooler_pid, METH_NOARGS,
      PyDoc_STR("spooler_pid()\n--\n\nProcess id of the first spooler, 0 where there is none.")}},
    {"uwsgi_spool_request",
     {"spooler_pids", spooler_pids, METH_NOARGS,
      PyDoc_STR("spooler_pids()\n--\n\nProcess ids of all spoolers.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

}  // namespace mortise::python
