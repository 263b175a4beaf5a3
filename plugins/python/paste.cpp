#include "paste.h"

#include "options.h"
#include "search_path.h"

namespace mortise::python {

namespace {

PyRef text(const std::string &bytes) {
  return PyRef(PyUnicode_DecodeFSDefault(bytes.c_str()));
}

// logging.config.fileConfig() of the file, as --paste-logger asks.
bool configure_logging(const std::string &file) {
  PyRef module(PyImport_ImportModule("logging.config"));
  PyRef configure(module ? PyObject_GetAttrString(module.get(), "fileConfig") : nullptr);
  PyRef path = text(file), folder = text(folder_of(file));
  PyRef defaults(path && folder ? Py_BuildValue("{s:O,s:O}", "__file__", path.get(), "here", folder.get())
                                : nullptr);
  PyRef done(configure && defaults
                 ? PyObject_CallFunctionObjArgs(configure.get(), path.get(), defaults.get(), nullptr)
                 : nullptr);
  return static_cast<bool>(done);
}

}  // namespace

PyRef load_paste(const std::string &uri) {
  constexpr size_t kScheme = sizeof "config:" - 1;
  const bool is_file = uri.compare(0, kScheme, "config:") == 0;
  if (is_file && options.paste_logger && !configure_logging(absolute_path(uri.substr(kScheme)))) return {};
  PyRef module(PyImport_ImportModule("paste.deploy"));
  PyRef load(module ? PyObject_GetAttrString(module.get(), "loadapp") : nullptr);
  PyRef args(Py_BuildValue("(s)", uri.c_str()));
  PyRef keywords(Py_BuildValue("{s:s}", "relative_to", absolute_path(".").c_str()));
  PyRef name = options.paste_name ? text(options.paste_name) : PyRef();
  if (name && keywords && PyDict_SetItemString(keywords.get(), "name", name.get())) return {};
  return load && args && keywords ? PyRef(PyObject_Call(load.get(), args.get(), keywords.get())) : PyRef();
}

PyRef load_pecan(const std::string &file) {
  PyRef module(PyImport_ImportModule("pecan.deploy"));
  return module ? PyRef(PyObject_CallMethod(module.get(), "deploy", "s", absolute_path(file).c_str()))
                : PyRef();
}

}  // namespace mortise::python
