#include "provided_functions.h"

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

}  // namespace

void load_plugin_if_there(const char *name, const char *function) {
  Dl_info self;
  if (!dladdr(&kProviders, &self) || !self.dli_fname) return;
  std::string path = self.dli_fname;
  path.resize(path.rfind('/') + 1);
  path += std::string(name) + "_plugin.so";
  if (uwsgi_file_exists(path.c_str()) || dlsym(RTLD_DEFAULT, function))  // in this program
    uwsgi_load_plugin(name);
}

void *provided_symbol(const char *name) {
  return dlsym(RTLD_DEFAULT, name);
}

PyRef find_provided_function(const char *name) {
  for (const Provider &provider : kProviders)
    for (ProvidedFunction *entry = provider.functions; entry->symbol; ++entry) {
      if (strcmp(entry->method.ml_name, name)) continue;
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
