// How a vassal becomes a process: its command line, its user, the hooks and commands around its start, the
// keys of its configuration that the emperor looks at.
#pragma once

#include <uwsgi.h>

namespace mortise::emperor {

// pid; -1 and errno. config_fd >= 0: the configuration is there and not in a file. The vassal has pipe[1].
// life_fd: the vassal gets SIGTERM when all copies of it are closed.
pid_t launch(uwsgi_instance &vassal, int config_fd, int &life_fd);
// With the configuration's name in UWSGI_VASSAL_CONFIG and the pid in UWSGI_VASSAL_PID; waits for its end.
void run_hook_command(const char *command, const uwsgi_instance &vassal);
// Runs the actions of `hook-NAME`, where the plugin that keeps them is loaded.
void run_phase(const char *name);
// Callback of emperor-use-clone: namespaces by their names, separated by commas. [load]
void set_namespaces(char *name, char *value, void *);
// Keys of the section [emperor] that emperor-collect-attribute names; malloc'ed.
uwsgi_dyn_dict *collect_attributes(const uwsgi_instance &vassal);

}  // namespace mortise::emperor
