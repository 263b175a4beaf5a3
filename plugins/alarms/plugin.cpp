// The hook table and the options.
#include <uwsgi.h>

#include "alarms_process.h"
#include "built_in_alarms.h"
#include "channel.h"
#include "fd_alarms.h"
#include "log_alarms.h"
#include "options.h"
#include "registry.h"
#include "segfault.h"

namespace mortise::alarms {

Options &options() {
  static Options &values = *new Options;  // alarms may be raised by exit hooks
  return values;
}

namespace {

// Known before any init, where the logging plugin finds out whether somebody wants the lines.
void add_log_alarm(char *, char *value, void *list) {
  uwsgi_string_new_list(static_cast<uwsgi_string_list **>(list), value);
  if (!watch_log()) exit(1);
}

#define LIST(name, help, list) \
  { name, required_argument, 0, help, uwsgi_opt_add_string_list, &options().list, UWSGI_OPT_MASTER }
#define FLAG(name, help, variable) \
  { name, no_argument, 0, help, uwsgi_opt_true, variable, 0 }
#define NUMBER(name, help, variable) \
  { name, required_argument, 0, help, uwsgi_opt_set_int, variable, 0 }

uwsgi_option option_rows[] = {
    LIST("alarm", "an alarm: NAME KIND:ARGUMENT; kinds: cmd, log, mule, signal and those of plugins", alarms),
    NUMBER("alarm-freq", "seconds in which the same message is not raised again (default 3)",
           &options().freq_s),
    LIST("alarm-fd", "raise an alarm when a descriptor is readable: ALARM FD[:BYTES] [MESSAGE]", fds),
    LIST("alarm-segfault", "raise this alarm when a worker makes a wrong memory access", segfault),
    LIST("segfault-alarm", "same as alarm-segfault", segfault),
    {"log-alarm", required_argument, 0, "raise alarms when a line of the log matches: ALARM[,ALARM…] PATTERN",
     add_log_alarm, &options().log, UWSGI_OPT_MASTER},
    {"alarm-log", required_argument, 0, "same as log-alarm", add_log_alarm, &options().log, UWSGI_OPT_MASTER},
    LIST("not-log-alarm", "but not when it matches this: ALARM[,ALARM…] PATTERN", not_log),
    LIST("not-alarm-log", "same as not-log-alarm", not_log),
    NUMBER("alarm-msg-size", "bytes of a message that are kept (default 8192)", &options().message_bytes),
    FLAG("alarm-cheap", "no threads for single alarms", &uwsgi.alarm_cheap),
    FLAG("alarm-list", "log the kinds of alarms that there are", &options().list),
    FLAG("alarms-list", "same as alarm-list", &options().list),
    UWSGI_END_OF_OPTIONS};

#undef LIST
#undef FLAG
#undef NUMBER

void list_kinds() {
  uwsgi_log("*** kinds of alarms ***\n");
  for (const uwsgi_alarm *kind = uwsgi.alarms; kind; kind = kind->next) uwsgi_log("%s\n", kind->name);
  uwsgi_log("--- end of the kinds of alarms ---\n");
}

void refuse_unless(bool good) {
  if (!good) exit(1);
}

// Behind every init, where plugins add their kinds.
void start() {
  if (options().list) list_kinds();
  for (uwsgi_string_list *item = options().alarms; item; item = item->next)
    refuse_unless(add_instance(item->value) != nullptr);
  for (uwsgi_string_list *item = options().fds; item; item = item->next)
    refuse_unless(add_alarm_fd(item->value));
  refuse_unless(compile_log_alarms());
  if (!first_instance()) return;
  if (!channel().open()) {
    uwsgi_log("alarms: socketpair: %s (raise the limit of open files)\n", strerror(errno));
    exit(1);
  }
  static uwsgi_thread ready{};  // threads of plugins wait for it before they raise their first alarm
  __atomic_store_n(&uwsgi.alarm_thread, &ready, __ATOMIC_RELEASE);
  const uwsgi_process_role role{"alarms", 1, run_alarms, nullptr, 0, 1};
  uwsgi_register_process(&role);
}

}  // namespace

}  // namespace mortise::alarms

uwsgi_plugin alarms_plugin = {
    .name = "alarms",
    .on_load = mortise::alarms::add_built_in_alarms,
    .post_init = mortise::alarms::start,
    .post_fork = mortise::alarms::watch_segfaults,
    .options = mortise::alarms::option_rows,
};
