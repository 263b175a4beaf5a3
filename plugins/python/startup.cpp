#include "startup.h"

#include "app_board.h"
#include "application.h"
#include "application_source.h"
#include "code_import.h"
#include "decorators.h"
#include "engine_interface.h"
#include "fork_hooks.h"
#include "gil.h"
#include "interpreter.h"
#include "options.h"
#include "provided_functions.h"
#include "python_home.h"
#include "request.h"
#include "stack_dump.h"
#include "traceback.h"
#include "user_signals.h"
#include "uwsgi_module.h"

#include <uwsgi.h>

#include <sys/random.h>

#include <string>
#include <vector>

namespace mortise::python {

namespace {

const std::string kInterpreterName =
    "python" + std::to_string(PY_MAJOR_VERSION) + "." + std::to_string(PY_MINOR_VERSION);

// A PyConfig that is cleared on every path; the first failure is kept.
class Config {
 public:
  Config() { PyConfig_InitPythonConfig(&config_); }
  ~Config() { PyConfig_Clear(&config_); }
  Config(const Config &) = delete;
  Config &operator=(const Config &) = delete;

  PyConfig *operator->() { return &config_; }
  void set(wchar_t *PyConfig::*member, const std::string &value) {
    if (!value.empty()) keep(PyConfig_SetBytesString(&config_, &(config_.*member), value.c_str()));
  }
  void set_argv(const std::string &words) {
    size_t count = 0;
    char **split = uwsgi_split_quoted(words.c_str(), words.size(), " \t", &count);
    // Applications test for "uwsgi" in sys.argv.
    std::string first = "uwsgi";
    std::vector<char *> argv = {first.data()};
    for (size_t i = 0; i < count; ++i)
      if (*split[i]) argv.push_back(split[i]);
    keep(PyConfig_SetBytesArgv(&config_, static_cast<Py_ssize_t>(argv.size()), argv.data()));
    for (size_t i = 0; i < count; ++i) free(split[i]);
    free(split);
  }
  PyStatus start() {
    keep(PyStatus_Exception(status_) ? status_ : Py_InitializeFromConfig(&config_));
    return status_;
  }

 private:
  void keep(PyStatus status) {
    if (!PyStatus_Exception(status_)) status_ = status;
  }
  PyConfig config_;
  PyStatus status_ = PyStatus_Ok();
};

PyStatus initialise(const PythonHome &home) {
  Config config;
  config->parse_argv = 0;
  config->install_signal_handlers = 0;  // signals are the server's
  config->site_import = !options.no_site;
  if (options.optimize) config->optimization_level = options.optimize;
  config.set_argv(options.argv ? options.argv : "");
  // A bare name is looked up in PATH, and its folder leads to the prefix.
  config.set(&PyConfig::program_name, options.program_name      ? options.program_name
                                      : home.executable.empty() ? kInterpreterName
                                                                : home.executable);
  config.set(&PyConfig::executable, options.executable ? options.executable : home.executable);
  config.set(&PyConfig::home, home.prefix);
  return config.start();
}

// MORTISE_KEY: what names of this server begin with that nobody else is to know or to take. It stays over a
// reload that executes the program again.
void create_server_key() {
  if (getenv("MORTISE_KEY")) return;
  unsigned char random[8];
  if (getrandom(random, sizeof random, 0) != sizeof random) return;
  char key[2 * sizeof random + 1];
  for (size_t i = 0; i < sizeof random; ++i) snprintf(key + 2 * i, 3, "%02x", random[i]);
  setenv("MORTISE_KEY", key, 1);
}

// --py-sharedarea.
bool create_shared_area() {
  if (options.sharedarea_bytes <= 0) return true;
  const auto bytes = static_cast<size_t>(options.sharedarea_bytes);
  auto *create =
      reinterpret_cast<decltype(&uwsgi_sharedarea_init_ptr)>(provided_symbol("uwsgi_sharedarea_init_ptr"));
  if (create && create(static_cast<char *>(uwsgi_calloc_shared(bytes)), bytes)) return true;
  uwsgi_log("python: py-sharedarea: no area of %zu bytes (%s)\n", bytes,
            create ? "the server log says why" : "the plugin sharedareas is not installed");
  return false;
}

bool run_early_imports() {
  for (const uwsgi_string_list *item = options.early_imports; item; item = item->next)
    if (!import_by_name(item->value)) {
      log_exception(std::string("python: importing ") + item->value + " failed");
      return false;
    }
  return set_aliases(options.aliases);
}

}  // namespace

int start_interpreter() {
  tell_unused_sources();
  if (!configured_application_exists()) exit(UWSGI_FAILED_APP_CODE);
  PythonHome home;
  if (!find_python_home(&home)) return -1;
  offer_uwsgi_module();
  offer_decorators_module();
  create_server_key();
  PyStatus status = initialise(home);
  if (PyStatus_Exception(status)) {
    uwsgi_log("python: the interpreter does not start: %s (is %s a complete installation of Python %s?)\n",
              status.err_msg ? status.err_msg : "unknown cause",
              home.executable.empty() ? "the standard library's folder" : home.executable.c_str(),
              PY_VERSION);
    return -1;
  }
  auto *interpreter = new Interpreter;
  interpreter->state = PyInterpreterState_Main();
  interpreters.push_back(interpreter);
  if (!furnish_interpreter(*interpreter)) {
    log_exception("python: the plugin does not start");
    return -1;
  }
  if (!run_early_imports()) return -1;
  create_exchanges();
  create_app_board();
  if (!create_shared_area()) return -1;
  create_signal_numbers();
  register_stack_dumper();
  wrap_wait_hooks();
  notice_forks();
  prepare_engine_interface();
  adopt_starting_thread();
  uwsgi_log_initial("python: CPython %s in %s\n", PY_VERSION,
                    home.executable.empty() ? "its default place" : home.executable.c_str());
  return 0;
}

void adopt_core_thread(int core) {
  settle_in(interpreter_of_core(core));
  GilHold gil;
  PyObject *threading = PyDict_GetItemString(PyImport_GetModuleDict(), "threading");
  if (!threading) return;
  PyRef thread(PyObject_CallMethod(threading, "current_thread", nullptr));
  PyRef name(PyUnicode_FromFormat("uWSGIWorker%dCore%d", uwsgi.mywid, core));
  if (thread && name) PyObject_SetAttrString(thread.get(), "name", name.get());
  PyErr_Clear();
}

}  // namespace mortise::python
