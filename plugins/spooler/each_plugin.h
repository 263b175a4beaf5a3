// Calls of a hook of all plugins in a process of this plugin's: those with requests first; what one throws is
// logged and keeps no other from its turn. Plugins share no files, so mules and spooler have one each, and a
// test sees that they stay the same.
#pragma once

#include <uwsgi.h>

#include <exception>

namespace mortise {

template <typename Call>
void for_each_plugin(const char *where, Call call) {
  const auto guarded = [&](uwsgi_plugin *plugin) {
    try {
      call(plugin);
    } catch (const std::exception &error) {
      uwsgi_log("plugin %s, in %s: %s\n", plugin->name, where, error.what());
    } catch (...) {
      uwsgi_log("plugin %s, in %s: unknown exception\n", plugin->name, where);
    }
  };
  for (uwsgi_plugin *plugin : uwsgi.p) guarded(plugin);
  for (int i = 0; i < uwsgi.gp_cnt; ++i) guarded(uwsgi.gp[i]);
}

}  // namespace mortise
