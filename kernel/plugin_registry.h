// The loaded plugins: uwsgi.p[modifier1] for those with a request hook, uwsgi.gp[] for the others, and how
// their hooks are called. An exception that a hook throws ends in the log with the plugin's and the hook's
// name.
#pragma once

#include <uwsgi.h>

#include <atomic>
#include <iterator>
#include <string>

#include "kernel/result.h"

namespace mortise {

// Fills uwsgi.p with a plugin that answers 500 "no plugin for this modifier". [before options]
void init_plugin_registry();

// Puts a plugin into its table; slot >= 0 forces modifier1. A warning names both where a slot is taken.
// [load]
void register_plugin(uwsgi_plugin *plugin, int slot);

// Plugins come in while a hook or another core goes through the list: a request may need one more.
struct PluginList {
  uwsgi_plugin *list[512];
  std::atomic<size_t> count = 0;
  uwsgi_plugin *const *begin() const { return list; }
  uwsgi_plugin *const *end() const { return list + count.load(std::memory_order_acquire); }
  void add(uwsgi_plugin *plugin) {  // one at a time
    list[count] = plugin;
    count.fetch_add(count + 1 < std::size(list), std::memory_order_release);
  }
};

// All registered plugins in order of loading, once each.
const PluginList &loaded_plugins();
uwsgi_plugin *find_plugin(const std::string &name);
bool is_request_plugin(const uwsgi_plugin *plugin);
bool any_request_plugin();

// Writes "plugin foo, hook init: what" for the exception being handled. [catch block]
void log_hook_exception(const char *plugin, const char *hook) noexcept;

// Which of the two tables is called, and in which order.
enum class Tables { kRequestOnly, kGenericOnly, kGenericFirst, kRequestFirst };

// Calls a hook of one plugin; false where it is not set or threw.
template <typename Hook, typename... Args>
bool call_hook(uwsgi_plugin *plugin, Hook uwsgi_plugin::*hook, const char *name, Args... args) noexcept {
  if (!(plugin->*hook)) return false;
  try {
    (plugin->*hook)(args...);
    return true;
  } catch (...) {
    log_hook_exception(plugin->name, name);
    return false;
  }
}

// Calls a hook of every plugin that sets it, each table in order of loading.
template <typename Hook, typename... Args>
void call_hooks(Tables tables, Hook uwsgi_plugin::*hook, const char *name, Args... args) noexcept {
  auto pass = [&](bool request_plugins) {
    for (uwsgi_plugin *plugin : loaded_plugins())
      if (is_request_plugin(plugin) == request_plugins) call_hook(plugin, hook, name, args...);
  };
  if (tables != Tables::kGenericFirst && tables != Tables::kGenericOnly) pass(true);
  if (tables != Tables::kRequestOnly) pass(false);
  if (tables == Tables::kGenericFirst) pass(true);
}

// Calls init of each plugin of one kind; the first that fails or throws is an Error naming it.
Result<void> call_init(bool request_plugins);

// The request hook of the plugin that the request's modifier names; -1 when it throws. [worker]
int call_request(wsgi_request *request) noexcept;

}  // namespace mortise
