// The hook table and the options: steering a running server from outside.
#include <uwsgi.h>

#include "command.h"
#include "fifo.h"
#include "ready_fd.h"
#include "touch.h"

namespace {

using namespace mortise::control;

uwsgi_option options[] = {
    {"reload", required_argument, 0,
     "reload the server with this pid file, and say how it went (mortise reload)", set_command,
     const_cast<char *>("reload"), 0},
    {"stop", required_argument, 0, "stop the server with this pid file, and wait for its end (mortise stop)",
     set_command, const_cast<char *>("stop"), 0},
    {"pid", required_argument, 0, "the server that mortise reload and mortise stop mean, by its pid",
     set_command_pid, nullptr, 0},
    {"master-fifo", required_argument, 0, "take commands from this named pipe; several: slots 0 to 9",
     add_fifo, nullptr, 0},
    {"touch-reload", required_argument, 0, "reload when this file changes", add_touch,
     reinterpret_cast<void *>(reload_all), 0},
    {"touch-workers-reload", required_argument, 0,
     "replace all workers, one after another, when this file changes", add_touch,
     reinterpret_cast<void *>(replace_workers), 0},
    {"touch-chain-reload", required_argument, 0, "same as touch-workers-reload", add_touch,
     reinterpret_cast<void *>(replace_workers), 0},
    {"touch-mules-reload", required_argument, 0, "start the mules anew when this file changes", add_touch,
     reinterpret_cast<void *>(replace_mules), 0},
    {"touch-spoolers-reload", required_argument, 0, "start the spoolers anew when this file changes",
     add_touch, reinterpret_cast<void *>(replace_spoolers), 0},
    {"fs-reload", required_argument, 0, "same as touch-reload", add_touch,
     reinterpret_cast<void *>(reload_all), 0},
    {"fs-brutal-reload", required_argument, 0, "same as touch-reload", add_touch,
     reinterpret_cast<void *>(reload_all), 0},
    {"reload-on-fd", required_argument, 0,
     "reload when this descriptor, which the server was started with, can be read", add_reload_fd, nullptr,
     0},
    {"brutal-reload-on-fd", required_argument, 0, "same as reload-on-fd", add_reload_fd, nullptr, 0},
    UWSGI_END_OF_OPTIONS};

// Before any plugin writes or binds: a configuration that names the server belongs to that one.
void before_drop() {
  if (command_given()) exit(run_command());
}

int init() {
  return open_fifos() || watch_reload_fds() ? -1 : 0;
}

void in_child(int step) {
  if (step != 1) return;
  close_fifo();
  close_reload_fds();
}

}  // namespace

uwsgi_plugin control_plugin = {
    .name = "control",
    .init = init,
    .options = options,
    .master_cycle = look_at_touched_files,
    .magic = take_pidfile,
    .before_privileges_drop = before_drop,
    .master_cleanup = remove_fifos,
    .post_uwsgi_fork = in_child,
};
