// The hooks plugin's table: its options, and which of the server's phases runs which actions.
#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <string_view>

#include "actions.h"
#include "exceptions.h"
#include "phases.h"
#include "touched.h"
#include "unix_signals.h"

namespace mortise::hooks {

namespace {

uwsgi_string_list *exception_handlers = nullptr;
uwsgi_string_list *mount_points = nullptr;

// exec-pre-app = X is hook-pre-app = exec:X, and so on; the part of the name before the first '-' is the
// action.
void add_action_of_option(char *name, char *value, void *list) {
  std::string_view text = name;
  std::string action(text.substr(0, text.find('-')));
  uwsgi_string_new_list(static_cast<uwsgi_string_list **>(list),
                        uwsgi_concat3(action.c_str(), ":", value ? value : ""));
}

// wait-for-X = WHAT is hook-asap = wait_for_X:WHAT.
void add_waiting(char *, char *value, void *what) {
  uwsgi_string_new_list(&phase_actions[static_cast<int>(Phase::kAsap)],
                        uwsgi_concat4("wait_for_", static_cast<char *>(what), ":", value ? value : ""));
}

void change_folder_after_applications(char *, char *folder, void *) {
  uwsgi_string_new_list(&phase_actions[static_cast<int>(Phase::kPostApp)], uwsgi_concat2("chdir:", folder));
}

char fs[] = "fs", file[] = "file", dir[] = "dir", iface[] = "iface", socket_word[] = "socket",
     mountpoint[] = "mountpoint";

#define LIST(phase) &phase_actions[static_cast<int>(Phase::phase)]
#define HOOK(name, phase)                                                               \
  {                                                                                     \
    "hook-" name, required_argument, 0, "run an action, name:arguments, in this phase", \
        uwsgi_opt_add_string_list, LIST(phase), 0                                       \
  }
#define SHORT(action, name, phase)                                                                           \
  {                                                                                                          \
    action "-" name, required_argument, 0, "same as hook-" name " = " action ":value", add_action_of_option, \
        LIST(phase), 0                                                                                       \
  }
#define PHASE(name, phase) HOOK(name, phase), SHORT("exec", name, phase), SHORT("call", name, phase)
#define EARLY(name, phase) PHASE(name, phase), SHORT("mount", name, phase), SHORT("umount", name, phase)

char touch_exec[] = "exec", touch_signal[] = "signal", touch_hook[] = "hook";

uwsgi_option table[] = {
    EARLY("asap", kAsap),
    EARLY("pre-jail", kPreJail),
    EARLY("post-jail", kPostJail),
    EARLY("in-jail", kInJail),
    EARLY("as-root", kAsRoot),
    PHASE("as-user", kAsUser),
    PHASE("pre-app", kPreApp),
    PHASE("post-app", kPostApp),
    PHASE("as-user-atexit", kAtExit),
    HOOK("post-fork", kPostFork),
    HOOK("accepting", kAccepting),
    HOOK("accepting1", kAccepting1),
    HOOK("accepting-once", kAcceptingOnce),
    HOOK("accepting1-once", kAccepting1Once),
    HOOK("master-start", kMasterStart),
    HOOK("as-mule", kAsMule),
    HOOK("as-gateway", kAsGateway),
    EARLY("as-emperor", kAsEmperor),
    HOOK("as-emperor-setns", kAsEmperorSetns),
    HOOK("as-emperor-before-vassal", kAsEmperorBeforeVassal),
    HOOK("emperor-start", kEmperorStart),
    HOOK("emperor-stop", kEmperorStop),
    HOOK("emperor-reload", kEmperorReload),
    HOOK("emperor-lost", kEmperorLost),
    EARLY("as-vassal", kAsVassal),
    HOOK("as-vassal-before-drop", kAsVassalBeforeDrop),
    HOOK("as-on-demand-vassal", kAsOnDemandVassal),
    HOOK("as-on-config-vassal", kAsOnConfigVassal),
    {"chdir2", required_argument, 0, "same as hook-post-app = chdir:value", change_folder_after_applications,
     nullptr, 0},
    {"hook-touch", required_argument, 0, "run an action when a file changes: path name:arguments",
     add_touched, touch_hook, 0},
    {"touch-exec", required_argument, 0, "run a command when a file changes: path command", add_touched,
     touch_exec, 0},
    {"touch-signal", required_argument, 0, "raise a user signal when a file changes: path number",
     add_touched, touch_signal, 0},
    {"wait-for-fs", required_argument, 0, "wait until this path is there", add_waiting, fs, 0},
    {"wait-for-file", required_argument, 0, "wait until this file is there", add_waiting, file, 0},
    {"wait-for-dir", required_argument, 0, "wait until this folder is there", add_waiting, dir, 0},
    {"wait-for-iface", required_argument, 0, "wait until this network interface is there", add_waiting, iface,
     0},
    {"wait-for-interface", required_argument, 0, "same as wait-for-iface", add_waiting, iface, 0},
    {"wait-for-socket", required_argument, 0, "wait until somebody accepts at this address", add_waiting,
     socket_word, 0},
    {"wait-for-mountpoint", required_argument, 0, "wait until something is mounted here", add_waiting,
     mountpoint, 0},
    {"wait-for-fs-timeout", required_argument, 0, "seconds to wait (60)", uwsgi_opt_set_int, &waiting_seconds,
     0},
    {"wait-for-iface-timeout", required_argument, 0, "same as wait-for-fs-timeout", uwsgi_opt_set_int,
     &waiting_seconds, 0},
    {"wait-for-interface-timeout", required_argument, 0, "same as wait-for-fs-timeout", uwsgi_opt_set_int,
     &waiting_seconds, 0},
    {"wait-for-socket-timeout", required_argument, 0, "same as wait-for-fs-timeout", uwsgi_opt_set_int,
     &waiting_seconds, 0},
    {"check-mount", required_argument, 0, "stop when nothing is mounted here", uwsgi_opt_add_string_list,
     &mount_points, 0},
    {"check-mountpoint", required_argument, 0, "same as check-mount", uwsgi_opt_add_string_list,
     &mount_points, 0},
    {"mount-check", required_argument, 0, "same as check-mount", uwsgi_opt_add_string_list, &mount_points, 0},
    {"mountpoint-check", required_argument, 0, "same as check-mount", uwsgi_opt_add_string_list,
     &mount_points, 0},
    {"exception-handler", required_argument, 0, "tell a plugin's handler of exceptions: name[:argument]",
     uwsgi_opt_add_string_list, &exception_handlers, 0},
    UWSGI_END_OF_OPTIONS};

// Which workers have accepted in this server, for the phases that come once.
uint8_t *has_accepted = nullptr;

void on_load() {
  add_file_actions();
  add_process_actions();
  add_mount_actions();
  add_waiting_actions();
}

void before_privileges_drop() {
  for (Phase phase : {Phase::kAsap, Phase::kPreJail, Phase::kPostJail, Phase::kInJail, Phase::kAsRoot})
    run_phase(phase);
}

// The one that is missing; nullptr where all are there.
const char *missing_mount() {
  for (uwsgi_string_list *each = mount_points; each; each = each->next)
    if (!is_mount_point(each->value)) return each->value;
  return nullptr;
}

int init() {
  has_accepted = static_cast<uint8_t *>(uwsgi_calloc_shared(static_cast<size_t>(uwsgi.numproc) + 1));
  if (const char *missing = missing_mount()) {
    uwsgi_log("check-mount = %s: nothing is mounted there\n", missing);
    return -1;
  }
  return prepare_exception_handlers(exception_handlers) ? 0 : -1;
}

// The last thing before the worker says that it is ready: until then a predecessor goes on.
void begin_to_accept() {
  bool first_time = uwsgi_generation() == 0 && !has_accepted[uwsgi.mywid];
  has_accepted[uwsgi.mywid] = 1;
  run_phase(Phase::kAccepting);
  if (uwsgi.mywid == 1) run_phase(Phase::kAccepting1);
  if (first_time) run_phase(Phase::kAcceptingOnce);
  if (first_time && uwsgi.mywid == 1) run_phase(Phase::kAccepting1Once);
}

void check_mounts() {
  static time_t looked = 0;
  if (!mount_points || looked == uwsgi_now()) return;
  looked = uwsgi_now();
  const char *missing = missing_mount();
  if (!missing) return;
  mount_points = nullptr;
  uwsgi_log_verbose("nothing is mounted at %s any more: the server stops (check-mount)\n", missing);
  uwsgi_stop_server(0);
}

void each_turn() {
  static bool started = false;
  if (!started) run_phase(Phase::kMasterStart);
  started = true;
  look_at_touched_files();
  check_mounts();
}

void at_fork(int step) {
  if (step == 1) forget_unix_signals();
}

void at_exit() {
  if (getpid() != uwsgi_master_pid()) return;
  at_the_end = true;
  run_phase(Phase::kAtExit);
}

}  // namespace

}  // namespace mortise::hooks

using namespace mortise::hooks;

uwsgi_plugin hooks_plugin = {
    .name = "hooks",
    .on_load = on_load,
    .init = init,
    .post_init = [] { run_phase(Phase::kAsUser); },
    .post_fork = [] { run_phase(uwsgi.muleid ? Phase::kAsMule : Phase::kPostFork); },
    .options = table,
    .preinit_apps = [] { run_phase(Phase::kPreApp); },
    .postinit_apps = [] { run_phase(Phase::kPostApp); },
    .fixup = begin_to_accept,
    .master_cycle = each_turn,
    .atexit = at_exit,
    .before_privileges_drop = before_privileges_drop,
    .post_uwsgi_fork = at_fork,
};
