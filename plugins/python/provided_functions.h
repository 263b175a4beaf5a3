// Functions of the module uwsgi whose work another plugin does (caches, mules, …): they exist where that
// plugin is loaded, and are looked for when an application asks for them.
#pragma once

#include "gil.h"

#include <uwsgi.h>

namespace mortise::python {

struct ProvidedFunction {
  const char *symbol;  // of the provider, that tells whether it is there
  PyMethodDef method;
};

// By provider; each table ends with a row without symbol.
extern ProvidedFunction cache_functions[];
extern ProvidedFunction mule_functions[];
extern ProvidedFunction spooler_functions[];
extern ProvidedFunction queue_functions[];
extern ProvidedFunction rpc_functions[];
extern ProvidedFunction metric_functions[];
extern ProvidedFunction sharedarea_functions[];
extern ProvidedFunction websocket_functions[];
extern ProvidedFunction alarm_functions[];
extern ProvidedFunction harakiri_functions[];
extern ProvidedFunction monitor_functions[];
extern ProvidedFunction route_functions[];

// The function of that name; empty where its provider is not loaded, with no exception set, or with one.
// [with the GIL]
PyRef find_provided_function(const char *name);

// Loads a plugin that is built into the server, which then has this function of it, or whose file lies beside
// this one or where the plugins of this program are; does nothing where there is none.
void load_plugin_if_there(const char *name, const char *function);

// Where a symbol of another plugin is; null where that is not loaded.
void *provided_symbol(const char *name);

// Calls a function of a provider, which must be there: the function of the module exists only then.
#define MORTISE_PROVIDED(name)                                                            \
  ([] {                                                                                   \
    static auto *const found = reinterpret_cast<decltype(&name)>(provided_symbol(#name)); \
    return found;                                                                         \
  }())

// The result of a call during which this thread, which Python called, gives the GIL away.
template <typename Call>
auto without_gil(Call call) {
  CalledByPython mark;
  GilRelease release;
  return call();
}

// Bytes of a buffer that a provider allocated, which is freed; None for null.
PyObject *take_bytes(char *buffer, size_t len);

// True, or None where the provider failed, as uWSGI's functions answer.
PyObject *true_or_none(bool good);

}  // namespace mortise::python
