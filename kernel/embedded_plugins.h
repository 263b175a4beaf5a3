// The plugins that this program is linked with (-DMORTISE_EMBED). They are found before those of any folder,
// and like those they are loaded when an option, a name or another plugin asks for them.
#pragma once

struct uwsgi_plugin;

namespace mortise {

struct EmbeddedPlugin {
  const char *name;
  uwsgi_plugin *table;
  const char *needs;  // functions of other embedded plugins that it calls, separated by blanks
};

// What the build generates (sdk/tool/embed.cpp) replaces an empty list, which ends with a row without a name,
// and an empty index, in the format of plugins.index.
extern const EmbeddedPlugin embedded_plugins[];
extern const char embedded_index[];

}  // namespace mortise
