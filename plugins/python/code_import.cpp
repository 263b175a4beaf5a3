#include "code_import.h"

#include <uwsgi.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "search_path.h"
#include "traceback.h"

namespace mortise::python {

bool names_a_file(const std::string &name) {
  return name.find('/') != std::string::npos ||
         (name.size() > 3 && name.compare(name.size() - 3, 3, ".py") == 0);
}

PyRef run_file(const std::string &path, const std::string &module_name) {
  const std::string full = absolute_path(path);
  PyRef file_name(PyUnicode_DecodeFSDefault(full.c_str()));
  if (!file_name) return {};
  errno = uwsgi_is_dir(full.c_str()) ? EISDIR : 0;  // a stream of a folder opens, and throws when it is read
  std::ifstream file;
  if (!errno) file.open(full, std::ios::binary);
  std::string source((std::istreambuf_iterator<char>(file)), {});
  if (!file.is_open() || file.bad()) {
    PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, file_name.get());
    return {};
  }
  if (source.find('\0') != std::string::npos) {
    PyErr_Format(PyExc_SyntaxError, "%U is no Python source: it has NUL bytes", file_name.get());
    return {};
  }
  PyRef code(Py_CompileStringObject(source.c_str(), file_name.get(), Py_file_input, nullptr, -1));
  PyRef name(PyUnicode_DecodeFSDefault(module_name.c_str()));
  if (!code || !name) return {};
  prepend_to_path(folder_of(full));
  return PyRef(PyImport_ExecCodeModuleObject(name.get(), code.get(), file_name.get(), nullptr));
}

PyRef import_by_name(const std::string &name) {
  if (!names_a_file(name)) return PyRef(PyImport_ImportModule(name.c_str()));
  return run_file(name, std::filesystem::path(name).stem());
}

bool set_aliases(const uwsgi_string_list *list) {
  for (; list; list = list->next) {
    const std::string text = list->value;
    const size_t equals = text.find('=');
    if (equals == text.npos || equals == 0) {
      uwsgi_log("python: pymodule-alias = %s is not understood (write name=module or name=file.py)\n",
                text.c_str());
      return false;
    }
    PyRef module = import_by_name(text.substr(equals + 1));
    PyObject *modules = PyImport_GetModuleDict();
    if (!module || PyDict_SetItemString(modules, text.substr(0, equals).c_str(), module.get())) {
      log_exception("python: pymodule-alias = " + text + " failed");
      return false;
    }
  }
  return true;
}

}  // namespace mortise::python
