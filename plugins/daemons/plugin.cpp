// The daemons plugin's table: its options.
#include <uwsgi.h>

#include "cron_jobs.h"
#include "daemon_options.h"
#include "daemons_process.h"
#include "registry.h"

namespace mortise::daemons {

namespace {

char unique[] = "unique";

// clang-format off
uwsgi_option table[] = {
    {"attach-daemon", required_argument, 0, "run a command beside the server, again when it ends", add_attached, nullptr, 0},
    {"attach-control-daemon", required_argument, 0, "same; the server stops when it ends", add_control, nullptr, 0},
    {"attach-daemon2", required_argument, 0, "same as attach-daemon, by keys: cmd=…,pidfile=…,stopsignal=…", add_keyval, nullptr, 0},
    {"smart-attach-daemon", required_argument, 0, "run a command unless the process of this pid file lives: pidfile command; outlives the server", add_smart, nullptr, 0},
    {"smart-attach-daemon2", required_argument, 0, "same, for a command that goes into the background", add_smart2, nullptr, 0},
    {"legion-attach-daemon", required_argument, 0, "attach-daemon, while this server is the lord of a legion: legion command", add_for_legion, reinterpret_cast<void *>(add_attached), 0},
    {"legion-smart-attach-daemon", required_argument, 0, "smart-attach-daemon, while this server is the lord of a legion", add_for_legion, reinterpret_cast<void *>(add_smart), 0},
    {"legion-smart-attach-daemon2", required_argument, 0, "smart-attach-daemon2, while this server is the lord of a legion", add_for_legion, reinterpret_cast<void *>(add_smart2), 0},
    {"daemons-honour-stdin", no_argument, 0, "daemons have the server's standard input", uwsgi_opt_true, &honour_stdin, 0},
    {"cron", required_argument, 0, "run a command by the clock: minute hour day month weekday command; -1: any, -n: each n", add_cron, nullptr, 0},
    {"unique-cron", required_argument, 0, "same, but not while it still runs", add_cron, unique, 0},
    {"cron2", required_argument, 0, "same as cron, by keys: minute=…,hour=…,unique=1,harakiri=… command", add_cron2, nullptr, 0},
    {"cron-harakiri", required_argument, 0, "seconds that a cron command may take", uwsgi_opt_set_int, &cron_harakiri, 0},
    {"legion-cron", required_argument, 0, "cron, while this server is the lord of a legion: legion minute …", add_cron_for_legion, nullptr, 0},
    {"cron-legion", required_argument, 0, "same as legion-cron", add_cron_for_legion, nullptr, 0},
    {"unique-legion-cron", required_argument, 0, "unique-cron, while this server is the lord of a legion", add_cron_for_legion, unique, 0},
    {"unique-cron-legion", required_argument, 0, "same as unique-legion-cron", add_cron_for_legion, unique, 0},
    UWSGI_END_OF_OPTIONS};
// clang-format on

}  // namespace

}  // namespace mortise::daemons

uwsgi_plugin daemons_plugin = {
    .name = "daemons",
    .init = mortise::daemons::add_process,
    .options = mortise::daemons::table,
};
