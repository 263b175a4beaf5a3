#include "kernel/plugin_registry.h"

#include <algorithm>
#include <atomic>
#include <exception>

#include "kernel/log.h"
#include "sdk/runtime/crash_guard.h"

namespace mortise {

namespace {

// Anybody who may send packets can cause it: told once a second.
int no_plugin(wsgi_request *request) {
  static std::atomic<time_t> told = 0;
  if (const time_t now = uwsgi_now(); told.exchange(now) == now) return -1;
  log_warning("no plugin for modifier %d is loaded: request refused (add --plugin NAME)",
              request->uh->modifier1);
  return -1;
}

uwsgi_plugin absent_plugin = [] {
  uwsgi_plugin plugin{};
  plugin.name = "none";
  plugin.request = no_plugin;
  return plugin;
}();

constinit PluginList plugins{};

}  // namespace

void init_plugin_registry() {
  for (uwsgi_plugin *&slot : uwsgi.p) slot = &absent_plugin;
}

bool is_request_plugin(const uwsgi_plugin *plugin) {
  return plugin->request != nullptr;
}

bool any_request_plugin() {
  return std::any_of(plugins.begin(), plugins.end(), is_request_plugin);
}

void register_plugin(uwsgi_plugin *plugin, int slot) {
  if (slot >= 0) plugin->modifier1 = static_cast<uint8_t>(slot);
  plugins.add(plugin);
  if (!is_request_plugin(plugin)) {
    if (uwsgi.gp_cnt < 256) uwsgi.gp[uwsgi.gp_cnt++] = plugin;
    return;
  }
  uwsgi_plugin *&place = uwsgi.p[plugin->modifier1];
  if (place != &absent_plugin)
    log_warning(
        "plugins '%s' and '%s' both want modifier %d: requests go to '%s' (load one as N:%s to move it)",
        place->name, plugin->name, plugin->modifier1, plugin->name, plugin->name);
  place = plugin;
}

const PluginList &loaded_plugins() {
  return plugins;
}

uwsgi_plugin *find_plugin(const std::string &name) {
  for (uwsgi_plugin *plugin : plugins)
    if (name == plugin->name || (plugin->alias && name == plugin->alias)) return plugin;
  return nullptr;
}

void log_hook_exception(const char *plugin, const char *hook) noexcept {
  try {
    throw;
  } catch (const std::exception &error) {
    log_error("plugin %s, hook %s: %s (an exception left the plugin; the hook counts as failed)", plugin,
              hook, error.what());
  } catch (...) {
    log_error("plugin %s, hook %s: unknown exception (the hook counts as failed)", plugin, hook);
  }
}

Result<void> call_init(bool request_plugins) {
  for (auto *at = plugins.begin(); at != plugins.end(); ++at) {  // an init may load further ones
    uwsgi_plugin *plugin = *at;
    if (is_request_plugin(plugin) != request_plugins || !plugin->init) continue;
    int result = -1;
    const CrashGuard guard(plugin->name, CrashGuard::Moment::kInit);
    try {
      result = plugin->init();
    } catch (...) {
      log_hook_exception(plugin->name, "init");
    }
    if (result < 0)
      return Error{std::string("start plugin '") + plugin->name + "'", "its init hook failed",
                   "the lines above say why", kExitPlugin};
  }
  return {};
}

int call_request(wsgi_request *request) noexcept {
  uwsgi_plugin *plugin = uwsgi.p[request->uh->modifier1];
  try {
    return plugin->request(request);
  } catch (...) {
    log_hook_exception(plugin->name, "request");
    return -1;
  }
}

}  // namespace mortise

extern "C" uwsgi_plugin *uwsgi_plugin_get(const char *name) {
  return mortise::find_plugin(name);
}
