#include "provided.h"

#include <mutex>

namespace mortise::python {

void *find_provided(const char *plugin, const char *symbol) {
  static std::mutex loading;  // interpreters have locks of their own
  const std::lock_guard lock(loading);
  void *found = dlsym(RTLD_DEFAULT, symbol);
  if (!found && !uwsgi_plugin_get(plugin) && uwsgi_load_plugin(plugin) == 0)
    found = dlsym(RTLD_DEFAULT, symbol);
  if (!found)
    PyErr_Format(PyExc_RuntimeError,
                 "%s is in the plugin %s, which is not loaded: start the server with --plugin %s", symbol,
                 plugin, plugin);
  return found;
}

}  // namespace mortise::python
