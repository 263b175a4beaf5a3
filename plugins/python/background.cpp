#include "background.h"

#include <string>

#include "application.h"
#include "code_import.h"
#include "fork_hooks.h"
#include "gil.h"
#include "options.h"
#include "program.h"
#include "stack_dump.h"
#include "traceback.h"
#include "uwsgi_module.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

void add_pair(char *key, uint16_t key_len, char *value, uint16_t value_len, void *dict) {
  PyRef name(PyBytes_FromStringAndSize(key, key_len)), text(PyBytes_FromStringAndSize(value, value_len));
  if (name && text) PyDict_SetItem(static_cast<PyObject *>(dict), name.get(), text.get());
}

// As uWSGI hands it over: names and values of the task are bytes, its own names str.
PyRef task_of(const char *file, char *pairs, uint16_t len, const char *body, size_t body_len) {
  PyRef task(PyDict_New()), name(PyBytes_FromString(file));
  if (!task || !name || PyDict_SetItemString(task.get(), "spooler_task_name", name.get())) return {};
  uwsgi_hooked_parse(pairs, len, add_pair, task.get());
  if (body_len == 0) return task;
  PyRef bytes(PyBytes_FromStringAndSize(body, static_cast<Py_ssize_t>(body_len)));
  if (!bytes || PyDict_SetItemString(task.get(), "body", bytes.get())) return {};
  return task;
}

}  // namespace

void enter_background_process() {
  static pid_t entered = 0;
  if ((uwsgi.muleid == 0 && !uwsgi.i_am_a_spooler) || entered == getpid()) return;
  entered = getpid();
  prepare_stack_dump();
  if (uwsgi.lazy_apps) {
    GilHold gil;
    refresh_uwsgi_module();
    if (!load_for_background(this_interpreter()))
      log_exception("python: the application cannot be loaded in a mule or spooler");
  }
  run_postfork_hooks();
}

int run_mule(char *patch) {
  const std::string text = patch;
  const size_t colon = text.find(':');
  const bool is_file = text.ends_with(".py");
  if (!is_file && colon == text.npos) return 0;
  enter_background_process();
  GilHold gil;
  if (is_file) {
    run_as_main(text);
    return 1;
  }
  PyRef module = import_by_name(text.substr(0, colon));
  PyRef function(module ? PyObject_GetAttrString(module.get(), text.c_str() + colon + 1) : nullptr);
  PyRef result(function ? PyObject_CallNoArgs(function.get()) : nullptr);
  if (!result) log_exception("python: mule " + text + " failed");
  return 1;
}

int handle_mule_message(char *message, size_t len) {
  enter_background_process();
  GilHold gil;
  PyRef hook = uwsgi_module_attribute("mule_msg_hook");
  if (!hook) return 0;
  PyRef bytes(PyBytes_FromStringAndSize(message, static_cast<Py_ssize_t>(len)));
  PyRef result(bytes ? PyObject_CallOneArg(hook.get(), bytes.get()) : nullptr);
  if (!result) log_exception("python: uwsgi.mule_msg_hook failed");
  return 1;
}

void start_spooler() {
  enter_background_process();
  GilHold gil;
  for (const uwsgi_string_list *item = options.spooler_imports; item; item = item->next)
    if (!import_by_name(item->value))
      log_exception(std::string("python: importing ") + item->value + " failed");
}

int run_task(char *file, char *pairs, uint16_t len, char *body, size_t body_len) {
  enter_background_process();
  GilHold gil;
  PyRef function = uwsgi_module_attribute("spooler");
  if (!function) return UWSGI_SPOOL_IGNORE;
  PyRef task = task_of(file, pairs, len, body, body_len);
  PyRef result(task ? PyObject_CallOneArg(function.get(), task.get()) : nullptr);
  if (!result) {
    log_exception(std::string("python: task ") + file + " failed");
    return UWSGI_SPOOL_RETRY;
  }
  if (PyLong_Check(result.get())) return static_cast<int>(PyLong_AsLong(result.get()));
  uwsgi_log("python: task %s: uwsgi.spooler returned %s, not SPOOL_OK, SPOOL_RETRY or SPOOL_IGNORE\n", file,
            Py_TYPE(result.get())->tp_name);
  return UWSGI_SPOOL_RETRY;
}

}  // namespace mortise::python
