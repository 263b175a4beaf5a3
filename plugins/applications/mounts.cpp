#include "mounts.h"

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"

namespace mortise::applications {

namespace {

bool is_python(const uwsgi_plugin *plugin) {
  return std::string_view(plugin->name) == "python";
}

// Those with the hook by their modifiers, each once: one may sit in several slots.
std::vector<const uwsgi_plugin *> mounters() {
  std::vector<const uwsgi_plugin *> found;
  for (const uwsgi_plugin *plugin : uwsgi.p)
    if (plugin->mount_app && std::find(found.begin(), found.end(), plugin) == found.end())
      found.push_back(plugin);
  return found;
}

bool looks_like_python(std::string_view spec) {
  return spec.ends_with(".py") || spec.ends_with(".wsgi") || spec.find(':') != spec.npos;
}

// "/path", or with --vhost "host|/path" and "host|".
bool is_mountpoint(std::string_view text) {
  if (text.starts_with('/')) return true;
  const size_t bar = text.find('|');
  return options.vhost && bar != text.npos && bar > 0 && (bar + 1 == text.size() || text[bar + 1] == '/');
}

// Any name may be one of a Python module: Python is the first for what looks like its own, and else the last.
bool mounted(char *mountpoint, char *spec) {
  auto plugins = mounters();
  const bool python_first = looks_like_python(spec);
  std::stable_partition(plugins.begin(), plugins.end(),
                        [&](const uwsgi_plugin *plugin) { return is_python(plugin) == python_first; });
  return std::any_of(plugins.begin(), plugins.end(),
                     [&](const uwsgi_plugin *plugin) { return plugin->mount_app(mountpoint, spec) != -1; });
}

void mount(const std::string &text) {
  const size_t equals = text.find('=');
  if (equals == text.npos || !is_mountpoint(std::string_view(text).substr(0, equals))) {
    uwsgi_log(
        "applications: mount = %s is not understood (write mount = /path=file.py or "
        "/path=module:callable%s)\n",
        text.c_str(), options.vhost ? ", or host|/path=file.py" : "; host|/path=file.py needs vhost");
    exit(64);
  }
  static auto &kept = *new std::deque<std::string>;  // plugins may keep what they get
  char *mountpoint = kept.emplace_back(text, 0, equals).data();
  char *spec = kept.emplace_back(text, equals + 1).data();
  if (mounted(mountpoint, spec)) return;
  uwsgi_log("applications: no application: mount %s (%s)\n", text.c_str(),
            uwsgi.need_app ? "no plugin takes it, or the lines above say why; need-app = false serves errors "
                             "instead"
                           : "requests for it get errors");
  if (uwsgi.need_app) exit(UWSGI_FAILED_APP_CODE);
}

}  // namespace

int load_a_mounter() {
  return options.mounts && mounters().empty() ? uwsgi_load_plugin("python") : 0;
}

void mount_all() {
  for (const uwsgi_string_list *item = options.mounts; item; item = item->next) mount(item->value);
}

}  // namespace mortise::applications
