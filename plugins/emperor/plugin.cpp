// The hook table and the options. Without `emperor` nothing is started.
#include <uwsgi.h>

#include <mortise/lifecycle.h>
#include <sys/prctl.h>

#include "emperor_process.h"
#include "heartbeat.h"
#include "launch.h"
#include "monitors.h"
#include "settings.h"

using namespace mortise::emperor;

namespace {

void add_source(char *, char *value, void *) {
  uwsgi_string_new_list(&settings().sources, value);
  uwsgi.has_emperor = 1;
  uwsgi.need_app = 0;
}

// clang-format off
uwsgi_option options[] = {
    {"emperor", required_argument, 0, "run a server for each configuration of a folder, a pattern, or monitor:argument", add_source, nullptr, UWSGI_OPT_MASTER},
    {"emperor-freq", required_argument, 0, "seconds between two looks at the configurations (3)", uwsgi_opt_set_int, &uwsgi.emperor_freq, 0},
    {"emperor-tyrant", no_argument, 0, "each vassal runs as the owner of its configuration", uwsgi_opt_true, &settings().tyrant, 0},
    {"emperor-tyrant-nofollow", no_argument, 0, "same, of the link and not of what it leads to", uwsgi_opt_true, &settings().tyrant_nofollow, 0},
    {"emperor-throttle", required_argument, 0, "milliseconds before a vassal that died is started again (1000), doubled each time", uwsgi_opt_set_int, &settings().throttle_ms, 0},
    {"emperor-max-throttle", required_argument, 0, "most seconds of that (180)", uwsgi_opt_set_int, &settings().max_throttle_seconds, 0},
    {"emperor-no-blacklist", no_argument, 0, "always start it again after emperor-throttle", uwsgi_opt_true, &settings().no_blacklist, 0},
    {"emperor-curse-tolerance", required_argument, 0, "seconds that a vassal may take to stop (30)", uwsgi_opt_set_int, &settings().curse_seconds, 0},
    {"emperor-pidfile", required_argument, 0, "file with the emperor's pid", uwsgi_opt_set_str, &settings().pidfile, 0},
    {"emperor-use-clone", required_argument, 0, "each vassal has namespaces of its own: fs, ipc, net, pid, user, uts", set_namespaces, nullptr, 0},
    {"emperor-required-heartbeat", required_argument, 0, "seconds of silence after which a vassal that sent heartbeats is killed (30)", uwsgi_opt_set_int, &settings().heartbeat_seconds, 0},
    {"heartbeat", required_argument, 0, "this server, a vassal, tells its emperor every so many seconds that it lives", uwsgi_opt_set_int, &settings().own_heartbeat_seconds, 0},
    {"emperor-stats", required_argument, 0, "address on which the state of the vassals is told as JSON", uwsgi_opt_set_str, &settings().stats, 0},
    {"emperor-stats-server", required_argument, 0, "same", uwsgi_opt_set_str, &settings().stats, 0},
    {"emperor-wrapper", required_argument, 0, "program that is run for a vassal instead of this one", uwsgi_opt_set_str, &settings().wrapper, 0},
    {"emperor-extra-extension", required_argument, 0, "further ending of configuration files", uwsgi_opt_add_string_list, &settings().extensions, 0},
    {"emperor-extra-ext", required_argument, 0, "same", uwsgi_opt_add_string_list, &settings().extensions, 0},
    {"emperor-collect-attribute", required_argument, 0, "read this key of the [emperor] section of vassals", uwsgi_opt_add_string_list, &settings().attributes, 0},
    {"emperor-collect-attr", required_argument, 0, "same", uwsgi_opt_add_string_list, &settings().attributes, 0},
    {"vassals-inherit", required_argument, 0, "vassals read this file as well", uwsgi_opt_add_string_list, &settings().inherit, 0},
    {"vassals-inherit-before", required_argument, 0, "same, before their own", uwsgi_opt_add_string_list, &settings().inherit_before, 0},
    {"vassals-include", required_argument, 0, "same, as part of their own", uwsgi_opt_add_string_list, &settings().include, 0},
    {"vassals-include-before", required_argument, 0, "same, before their own", uwsgi_opt_add_string_list, &settings().include_before, 0},
    {"vassals-set", required_argument, 0, "key=value, an option of every vassal", uwsgi_opt_add_string_list, &settings().set, 0},
    {"vassal-set", required_argument, 0, "same", uwsgi_opt_add_string_list, &settings().set, 0},
    {"vassals-start-hook", required_argument, 0, "command that is run before a vassal starts", uwsgi_opt_set_str, &settings().start_hook, 0},
    {"vassals-stop-hook", required_argument, 0, "command that is run after a vassal was removed", uwsgi_opt_set_str, &settings().stop_hook, 0},
    UWSGI_END_OF_OPTIONS};
// clang-format on

int start() {
  if (!settings().sources) return 0;
  choose_monitors();
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // of vassals whose emperor has gone on: the master reaps them
  prepare_rescan();
  auto set_slot =
      reinterpret_cast<decltype(&uwsgi_fifo_set_slot)>(dlsym(RTLD_DEFAULT, "uwsgi_fifo_set_slot"));
  if (set_slot) set_slot('E', [](int) { ask_rescan(); });
  uwsgi_process_role role{"emperor", 1, run_emperor, nullptr, 0, 1};
  return uwsgi_register_process(&role);
}

}  // namespace

extern "C" struct uwsgi_plugin emperor_plugin;
struct uwsgi_plugin emperor_plugin = [] {
  uwsgi_plugin plugin{};
  plugin.name = "emperor";
  plugin.options = options;
  plugin.init = start;
  plugin.post_init = bind_stats;
  plugin.master_cycle = send_heartbeat;
  plugin.post_uwsgi_fork = leave_pipe_to_master;
  return plugin;
}();
