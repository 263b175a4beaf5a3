// The functions that plugins registered in this process, and calls of them. What the master registered before
// the fork is in all workers.
#include <uwsgi.h>

#include <exception>
#include <mutex>

namespace mortise::calls {

using Entry = struct uwsgi_rpc;  // a function has the same name

namespace {

constexpr int kDefaultMost = 64;
std::mutex registering;  // threads of a worker may register; readers see whole entries only

int most() {
  return uwsgi.rpc_max > 0 ? uwsgi.rpc_max : kDefaultMost;
}

uint64_t call(const Entry &function, uint8_t argc, char *argv[], uint16_t argvs[], char **response) {
  try {
    return function.plugin->rpc(function.func, argc, argv, argvs, response);
  } catch (const std::exception &error) {
    uwsgi_log("plugin %s, hook rpc, function '%s': %s\n", function.plugin->name, function.name, error.what());
  } catch (...) {
    uwsgi_log("plugin %s, hook rpc, function '%s': unknown exception\n", function.plugin->name,
              function.name);
  }
  free(*response);
  *response = nullptr;
  return 0;
}

Entry *find(const char *name) {
  if (!uwsgi.rpc_table) return nullptr;
  for (Entry **entry = uwsgi.rpc_table; *entry; ++entry)
    if (strcmp((*entry)->name, name) == 0) return *entry;
  return nullptr;
}

}  // namespace

}  // namespace mortise::calls

using namespace mortise::calls;

extern "C" {

int uwsgi_register_rpc(const char *name, uwsgi_plugin *plugin, uint8_t args, void *func) {
  const std::lock_guard lock(registering);
  const size_t len = strlen(name);
  if (len == 0 || len >= UMAX_RPC_NAME) {
    uwsgi_log("function '%.40s' not registered: its name is empty or longer than %d bytes\n", name,
              UMAX_RPC_NAME - 1);
    return -1;
  }
  if (!uwsgi.rpc_table) {
    const size_t size = sizeof(Entry *) * (static_cast<size_t>(most()) + 1);
    uwsgi.rpc_table = static_cast<Entry **>(uwsgi_calloc(size));
  }
  Entry *const known = find(name);
  int count = 0;
  while (uwsgi.rpc_table[count]) ++count;
  if (!known && count == most()) {
    uwsgi_log("function '%s' not registered: there are %d (raise rpc-max)\n", name, count);
    return -1;
  }
  auto *entry = known ? known : static_cast<Entry *>(uwsgi_calloc(sizeof(Entry)));
  memcpy(entry->name, name, len + 1);
  entry->args = args;
  entry->plugin = plugin;
  entry->func = func;
  if (!known) __atomic_store_n(&uwsgi.rpc_table[count], entry, __ATOMIC_RELEASE);
  return 0;
}

uint64_t uwsgi_rpc(const char *name, uint8_t argc, char *argv[], uint16_t argvs[], char **response) {
  *response = nullptr;
  const Entry *function = find(name);
  if (!function || !function->plugin || !function->plugin->rpc) return 0;
  if (argc < function->args) {
    uwsgi_log("function '%s' not called: it takes %d arguments and was given %d\n", name, function->args,
              argc);
    return 0;
  }
  return call(*function, argc, argv, argvs, response);
}

}  // extern "C"
