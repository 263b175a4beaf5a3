#include "search_path.h"

#include "cpython.h"
#include "options.h"

#include <glob.h>

#include <filesystem>
#include <system_error>

namespace fs = std::filesystem;

namespace mortise::python {

std::string absolute_path(const std::string &path) {
  std::error_code failed;
  fs::path absolute = fs::absolute(path, failed).lexically_normal();
  if (failed) return path;
  if (!absolute.has_filename()) absolute = absolute.parent_path();  // "/srv/" for "/srv/."
  return absolute;
}

std::string folder_of(const std::string &path) {
  return fs::path(absolute_path(path)).parent_path();
}

void prepend_to_path(const std::string &folder) {
  PyObject *path = PySys_GetObject("path");
  PyRef entry(PyUnicode_DecodeFSDefault(folder.c_str()));
  int present = path && PyList_Check(path) && entry ? PySequence_Contains(path, entry.get()) : -1;
  if (present == 0) PyList_Insert(path, 0, entry.get());
  PyErr_Clear();
}

// A pattern stands for the folders that match it; one that matches nothing for itself.
static void prepend_matching(const char *pattern) {
  glob_t found = {};
  if (glob(pattern, GLOB_NOCHECK, nullptr, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc; ++i) prepend_to_path(absolute_path(found.gl_pathv[i]));
  globfree(&found);
}

void set_up_path() {
  prepend_to_path(absolute_path("."));
  for (const uwsgi_string_list *item = options.path; item; item = item->next) prepend_matching(item->value);
}

}  // namespace mortise::python
