// The hook table and the options: leaving the terminal, pid files.
#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include "daemon.h"
#include "pidfile.h"

namespace {

using namespace mortise::background;

int exit_on_reload = 0;

uwsgi_option options[] = {
    {"daemonize", required_argument, 'd',
     "run in the background and log to this file; the command ends when the server serves", set_log, nullptr,
     0},
    {"daemonize2", required_argument, 0, "same as daemonize", set_log, nullptr, 0},
    {"pidfile", required_argument, 0, "write the master's pid to this file before privileges are dropped",
     add_pidfile, when(Moment::kBeforeDrop), 0},
    {"pidfile2", required_argument, 0, "write the master's pid to this file after privileges are dropped",
     add_pidfile, when(Moment::kAfterDrop), 0},
    {"safe-pidfile", required_argument, 0, "write the master's pid to this file when the server serves",
     add_pidfile, when(Moment::kServing), 0},
    {"safe-pidfile2", required_argument, 0, "same as safe-pidfile", add_pidfile, when(Moment::kServing), 0},
    {"exit-on-reload", no_argument, 0, "a reload ends the server: whoever started it starts it again",
     uwsgi_opt_true, &exit_on_reload, 0},
    UWSGI_END_OF_OPTIONS};

void before_drop() {
  if (uwsgi_option_value("reload") || uwsgi_option_value("stop"))
    return;  // a command about a server, not one
  go_to_background();
  write_pidfiles(Moment::kBeforeDrop);
}

// Command of the master's fifo, where there is one.
void take_fifo_command() {
  auto set_slot =
      reinterpret_cast<decltype(&uwsgi_fifo_set_slot)>(dlsym(RTLD_DEFAULT, "uwsgi_fifo_set_slot"));
  if (set_slot && any_pidfile()) set_slot('P', [](int) { rewrite_pidfiles(); });
}

void after_drop() {
  take_fifo_command();
  write_pidfiles(Moment::kAfterDrop);
  check_pidfiles();
}

void cycle() {
  const int state = uwsgi_server_state();
  if (state == UWSGI_RELOADING && exit_on_reload && uwsgi_generation() == 0) return uwsgi_stop_server(0);
  static bool serves = false;
  if (serves || state != UWSGI_SERVING) return;
  serves = true;
  write_pidfiles(Moment::kServing);
  release_starter();
}

}  // namespace

uwsgi_plugin background_plugin = {
    .name = "background",
    .post_init = after_drop,
    .post_fork = forget_starter,
    .options = options,
    .master_cycle = cycle,
    .atexit = remove_pidfiles,
    .before_privileges_drop = before_drop,
    .master_cleanup = remove_pidfiles,
};
