#include "application_source.h"

#include "code_import.h"
#include "options.h"
#include "paste.h"
#include "search_path.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

bool ends_with(const std::string &text, const char *suffix) {
  return uwsgi_endswith(text.c_str(), suffix) == 1;
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

ApplicationSource in_file(const std::string &file, const std::string &callable) {
  ApplicationSource source;
  source.file = file;
  source.callable = callable;
  return source;
}

ApplicationSource in_module(const std::string &module, const std::string &callable) {
  ApplicationSource source;
  source.module = module;
  source.callable = callable;
  return source;
}

// A new module that runs the code of --eval.
PyRef run_code(const std::string &text) {
  PyRef code(Py_CompileString(text.c_str(), "<eval>", Py_file_input));
  return code ? PyRef(PyImport_ExecCodeModule("uwsgi_eval_config", code.get())) : PyRef();
}

PyRef load_module(const ApplicationSource &source) {
  if (!source.code.empty()) return run_code(source.code);
  if (source.file.empty()) return PyRef(PyImport_ImportModule(source.module.c_str()));
  prepend_to_path(folder_of(source.file));
  return run_file(source.file, module_name_of(source.file));
}

PyRef find_callable(PyObject *module, const ApplicationSource &source) {
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

// The options that name the application, in uWSGI's order: the first one that is given counts.
struct ConfiguredText {
  const char *option;
  char *const *text;
  void (*take)(ApplicationSource &source, const char *text);
};
const ConfiguredText kConfigured[] = {
    {"module", &options.module,
     [](ApplicationSource &source, const char *text) { source = source_of(text); }},
    {"wsgi-file", &options.wsgi_file,
     [](ApplicationSource &source, const char *text) { source.file = text; }},
    {"eval", &options.eval, [](ApplicationSource &source, const char *text) { source.code = text; }},
    {"paste", &options.paste, [](ApplicationSource &source, const char *text) { source.paste = text; }},
    {"pecan", &options.pecan, [](ApplicationSource &source, const char *text) { source.pecan = text; }},
};

// Null where there is none.
const ConfiguredText *first_configured() {
  for (const ConfiguredText &each : kConfigured)
    if (*each.text) return &each;
  return nullptr;
}

}  // namespace

std::string ApplicationSource::description() const {
  if (!file.empty()) return absolute_path(file);
  if (!paste.empty()) return "paste " + paste;
  if (!pecan.empty()) return "pecan " + pecan;
  return code.empty() ? "module " + module : "eval";
}

bool ApplicationSource::empty() const {
  return file.empty() && module.empty() && code.empty() && paste.empty() && pecan.empty();
}

ApplicationSource source_of(const std::string &spec) {
  const std::string usual = options.callable ? options.callable : "";
  if (names_a_file(spec)) return in_file(spec, usual);
  size_t colon = spec.find(':');
  if (colon == std::string::npos) return in_module(spec, usual);
  return in_module(spec.substr(0, colon), spec.substr(colon + 1));
}

ApplicationSource source_of_mount(const std::string &spec) {
  // Django's project.wsgi is a module; mod_wsgi's scripts have names of this form, too.
  if (!ends_with(spec, ".wsgi") || uwsgi_file_exists(const_cast<char *>(spec.c_str())) != 1)
    return source_of(spec);
  return in_file(spec, options.callable ? options.callable : "");
}

ApplicationSource configured_source() {
  ApplicationSource source;
  const ConfiguredText *used = first_configured();
  if (used) used->take(source, *used->text);
  if (options.callable) source.callable = options.callable;
  return source;
}

void tell_unused_sources() {
  const ConfiguredText *used = first_configured();
  for (const ConfiguredText &other : kConfigured)
    if (*other.text && &other != used)
      uwsgi_log(
          "warning: python: %s = %s is not loaded, for %s = %s is the application (leave one of them out; "
          "several are for --mount)\n",
          other.option, *other.text, used->option, *used->text);
}

bool tell_empty_source() {
  const ConfiguredText *used = first_configured();
  if (used && !configured_source().empty()) return false;
  // A callable alone is that of the mounts; without a socket nobody asks for an application.
  if (!used && (!options.callable || !uwsgi.sockets || uwsgi_option_value("mount"))) return false;
  uwsgi_log(
      "error: python: %s = '%s' names no application (write module = MODULE[:CALLABLE], or wsgi-file = "
      "FILE)\n",
      used ? used->option : "callable", used ? *used->text : options.callable);
  return true;
}

PyRef load_callable(const ApplicationSource &source) {
  if (!source.paste.empty()) return load_paste(source.paste);
  if (!source.pecan.empty()) return load_pecan(source.pecan);
  PyRef module = load_module(source);
  return module ? find_callable(module.get(), source) : PyRef();
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
