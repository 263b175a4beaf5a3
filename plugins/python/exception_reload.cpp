#include "exception_reload.h"

#include <csignal>
#include <string>

#include "options.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

std::string text_of(PyRef object) {
  const char *bytes = object ? PyUnicode_AsUTF8(object.get()) : nullptr;
  std::string text = bytes ? bytes : "";
  PyErr_Clear();
  return text;
}

bool has(const uwsgi_string_list *list, const std::string &text) {
  for (; list; list = list->next)
    if (text == list->value) return true;
  return false;
}

bool is_wanted(PyObject *exception) {
  const uwsgi_application_options &wanted = common_options();
  if (wanted.reload_on_exception) return true;
  const std::string type = Py_TYPE(exception)->tp_name;
  if (has(wanted.reload_on_exception_type, type)) return true;
  if (!wanted.reload_on_exception_value && !wanted.reload_on_exception_repr) return false;
  const std::string value = text_of(PyRef(PyObject_Str(exception)));
  return has(wanted.reload_on_exception_value, value) ||
         has(wanted.reload_on_exception_repr, type + ": " + value);
}

}  // namespace

void replace_worker_after(PyObject *exception) {
  if (!is_wanted(exception)) return;
  uwsgi_log("python: worker %d is replaced because of %s (reload-on-exception)\n", uwsgi.mywid,
            Py_TYPE(exception)->tp_name);
  // Looked up, as a server of the ABI's first release has not got it: there the worker ends by itself.
  auto *replace = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "uwsgi_replace_worker"));
  if (replace) {
    replace(uwsgi.mywid);
  } else {
    kill(getpid(), SIGTERM);
  }
}

}  // namespace mortise::python
