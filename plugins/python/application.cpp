#include "application.h"

#include <memory>
#include <string>

#include "code_import.h"
#include "environ.h"
#include "gil.h"
#include "options.h"
#include "search_path.h"
#include "traceback.h"
#include "uwsgi_module.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

constexpr uint8_t kModifier = 0;

// What to load: a file or a module, and the callable in it (empty: the usual names).
struct Source {
  std::string file, module, callable;
  std::string description() const { return file.empty() ? "module " + module : absolute_path(file); }
};

bool ends_with(const std::string &text, const char *suffix) {
  return uwsgi_endswith(text.c_str(), suffix) == 1;
}

Source source_of(const std::string &spec) {
  if (names_a_file(spec) || ends_with(spec, ".wsgi")) return {spec, {}, {}};
  size_t colon = spec.find(':');
  if (colon == std::string::npos) return {{}, spec, {}};
  return {{}, spec.substr(0, colon), spec.substr(colon + 1)};
}

Source configured_source() {
  Source source;
  if (options.wsgi_file) {
    source.file = options.wsgi_file;
  } else if (options.module) {
    source = source_of(options.module);
  }
  if (options.callable) source.callable = options.callable;
  return source;
}

[[noreturn]] void give_up(const std::string &what) {
  uwsgi_log(
      "python: no application: %s (the traceback above says why; need-app = false serves errors instead)\n",
      what.c_str());
  exit(UWSGI_FAILED_APP_CODE);
}

// uWSGI's name for a module that was made from a file.
std::string module_name_of(const std::string &file) {
  std::string name = "uwsgi_file_" + file;
  size_t dot = name.rfind('.');
  if (dot != std::string::npos && name.find('/', dot) == std::string::npos) name.resize(dot);
  for (char &c : name)
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

// Follows "name", "object.attribute" or "factory()" in a module. Empty with an exception set.
PyRef resolve(PyObject *module, std::string path) {
  const bool factory = ends_with(path, "()");
  if (factory) path.resize(path.size() - 2);
  PyRef object = PyRef::borrow(module);
  for (size_t start = 0, dot = 0; object && dot != std::string::npos; start = dot + 1) {
    dot = path.find('.', start);
    object = PyRef(PyObject_GetAttrString(object.get(), path.substr(start, dot - start).c_str()));
  }
  if (object && factory) object = PyRef(PyObject_CallNoArgs(object.get()));
  return object;
}

PyRef find_callable(PyObject *module, const Source &source) {
  PyRef found;
  if (!source.callable.empty()) {
    found = resolve(module, source.callable);
  } else {
    for (const char *name : {"application", "app"}) {
      PyRef key(PyUnicode_FromString(name));
      if (!key || get_optional_attr(module, key.get(), &found) < 0) return {};
      if (found) break;
    }
    if (!found)
      PyErr_Format(PyExc_LookupError,
                   "%s has neither 'application' nor 'app': name the WSGI callable with --callable",
                   source.description().c_str());
  }
  if (found && !PyCallable_Check(found.get())) {
    PyErr_Format(PyExc_TypeError, "the WSGI application in %s is not callable but %s",
                 source.description().c_str(), Py_TYPE(found.get())->tp_name);
    found.reset();
  }
  return found;
}

PyRef load(const Source &source) {
  if (!source.file.empty()) prepend_to_path(folder_of(source.file));
  PyRef module = source.file.empty() ? PyRef(PyImport_ImportModule(source.module.c_str()))
                                     : run_file(source.file, module_name_of(source.file));
  return module ? find_callable(module.get(), source) : PyRef();
}

// Loads and records an application; false with the traceback in the log. [with the GIL]
bool add_application(const Source &source, int id, char *mountpoint) {
  uint64_t started = uwsgi_monotonic_micros();
  PyRef callable = load(source);
  PyRef environ_template = callable ? make_environ_template() : PyRef();
  if (!environ_template) {
    log_exception("python: loading the application from " + source.description() + " failed");
    return false;
  }
  auto application = std::make_unique<Application>();
  uwsgi_app *app = uwsgi_add_app(id, kModifier, mountpoint, static_cast<int>(strlen(mountpoint)),
                                 PyInterpreterState_Main(), callable.get());
  if (!app) return false;
  application->callable = callable.release();
  application->environ_template = environ_template.release();
  app->responder0 = application.release();
  uint64_t took_us = uwsgi_monotonic_micros() - started;
  app->startup_time = static_cast<time_t>(took_us / 1000000);
  uwsgi_emulate_cow_for_apps(id);
  uwsgi_log_initial("python: application from %s loaded in %d ms (%s %d)\n", source.description().c_str(),
                    static_cast<int>(took_us / 1000), uwsgi.mywid ? "worker" : "process",
                    uwsgi.mywid ? uwsgi.mywid : static_cast<int>(getpid()));
  return true;
}

void run_imports(const uwsgi_string_list *list) {
  GilHold gil;
  for (; list; list = list->next) {
    PyRef module = import_by_name(list->value);
    if (module) continue;
    log_exception(std::string("python: importing ") + list->value + " failed");
    if (uwsgi.need_app) give_up(std::string("--import ") + list->value + " failed");
  }
}

}  // namespace

bool configured_application_exists() {
  if (!options.wsgi_file || !uwsgi.need_app || uwsgi_file_exists(options.wsgi_file)) return true;
  uwsgi_log("python: application file %s: %s (correct --wsgi-file, or --chdir)\n",
            absolute_path(options.wsgi_file).c_str(), strerror(errno ? errno : ENOENT));
  return false;
}

void load_shared_imports() {
  run_imports(options.shared_imports);
}

void load_configured_application() {
  GilHold gil;
  refresh_uwsgi_module();
  Source source = configured_source();
  if (!source.file.empty() || !source.module.empty()) {
    char root[] = "";
    if (!add_application(source, uwsgi.default_app > 0 ? uwsgi.default_app : 0, root) && uwsgi.need_app)
      give_up(source.description() + " cannot be served");
  }
  run_imports(options.imports);
}

int mount_application(char *mountpoint, char *spec) {
  GilHold gil;
  return add_application(source_of(spec), uwsgi_apps_cnt, mountpoint) ? 0 : -1;
}

int accept_bare_argument(char *, char *argument) {
  std::string text = argument;
  if (ends_with(text, ".py") || ends_with(text, ".wsgi")) {
    options.wsgi_file = uwsgi_str(argument);
    return 1;
  }
  size_t colon = text.find(':');
  bool is_module = colon != std::string::npos && colon > 0 && text.find('/') == std::string::npos &&
                   !isdigit(static_cast<unsigned char>(text[colon + 1]));
  if (is_module) options.module = uwsgi_str(argument);
  return is_module;
}

}  // namespace mortise::python
