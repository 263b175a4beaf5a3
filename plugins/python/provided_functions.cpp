#include "provided_functions.h"

#include <link.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <string>

namespace mortise::python {

namespace {

struct Provider {
  ProvidedFunction *functions;
  const char
      *plugin;  // loaded when a function is asked for; null: what it needs must be there from the start
};
constexpr Provider kProviders[] = {
    {cache_functions, nullptr},      {mule_functions, nullptr},    {spooler_functions, nullptr},
    {queue_functions, nullptr},      {rpc_functions, "calls"},     {metric_functions, nullptr},
    {sharedarea_functions, nullptr}, {alarm_functions, nullptr},   {websocket_functions, "websockets"},
    {harakiri_functions, nullptr},   {monitor_functions, nullptr}, {route_functions, nullptr},
};

// Of the file that this code is in, with its slash: this plugin's, or the program's that the plugin is linked
// with.
std::string own_folder() {
  Dl_info info;
  link_map *file = nullptr;
  std::string path(PATH_MAX, '\0');
  if (dladdr1(&kProviders, &info, reinterpret_cast<void **>(&file), RTLD_DL_LINKMAP) && file->l_name[0]) {
    path = file->l_name;
  } else {  // a program's own name is empty
    const ssize_t len = readlink("/proc/self/exe", path.data(), path.size());
    path.resize(len > 0 ? static_cast<size_t>(len) : 0);
  }
  return path.substr(0, path.rfind('/') + 1);
}

// Beside this plugin, or where a program's plugins are: in its build folder, or where both are installed.
bool file_is_there(const char *plugin) {
  const std::string own = own_folder(), file = std::string(plugin) + "_plugin.so";
  for (const char *folder : {"", "plugins/", "../lib/mortise/plugins/"})
    if (uwsgi_file_exists((own + folder + file).c_str())) return true;
  return false;
}

}  // namespace

void load_plugin_if_there(const char *name, const char *function) {
  if (dlsym(RTLD_DEFAULT, function) || file_is_there(name))  // in this program, or a file of its
    uwsgi_load_plugin(name);
}

void *provided_symbol(const char *name) {
  return dlsym(RTLD_DEFAULT, name);
}

PyRef find_provided_function(const char *name) {
  for (const Provider &provider : kProviders)
    for (ProvidedFunction *entry = provider.functions; entry->symbol; ++entry) {
      if (strcmp(entry->method.ml_name, name) != 0) continue;
      if (provider.plugin && !uwsgi_plugin_get(provider.plugin))
        load_plugin_if_there(provider.plugin, entry->symbol);
      if (!provided_symbol(entry->symbol)) return {};
      PyRef module_name(PyUnicode_FromString("uwsgi"));
      return module_name ? PyRef(PyCFunction_NewEx(&entry->method, nullptr, module_name.get())) : PyRef();
    }
  return {};
}

PyObject *take_bytes(char *buffer, size_t len) {
  if (!buffer) Py_RETURN_NONE;
  PyObject *bytes = PyBytes_FromStringAndSize(buffer, static_cast<Py_ssize_t>(len));
  free(buffer);
  return bytes;
}

PyObject *true_or_none(bool good) {
  if (good) Py_RETURN_TRUE;
  Py_RETURN_NONE;
}

}  // namespace mortise::python
