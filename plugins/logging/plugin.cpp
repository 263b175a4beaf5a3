// The logging plugin's table: its options and hooks.
#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <strings.h>

#include <cstdlib>

#include "board.h"
#include "encoders.h"
#include "log_file.h"
#include "logger_process.h"
#include "loggers.h"
#include "options.h"
#include "request_line.h"
#include "takeover.h"

namespace mortise::logging {

constinit Options options{};

namespace {

// An option that only makes sense in a process that owns the log.
void set_number_and_master(char *name, char *value, void *data) {
  uwsgi_opt_set_64bit(name, value, data);
  options.master = 1;
}
void add_and_master(char *name, char *value, void *data) {
  uwsgi_opt_add_string_list(name, value, data);
  options.master = 1;
}

void set_date(char *name, char *value, void *) {
  int given = 1;
  // A switch, or a format of strftime(3).
  bool word = !value || !*value || !strchr(value, '%');
  if (word) uwsgi_opt_true(name, value, &given);
  options.date_given = given;
  if (!word) options.date = value;
}

// Bare: what the server itself runs as.
void set_chown(char *, char *value, void *) {
  const char *user = uwsgi_option_value("uid"), *group = uwsgi_option_value("gid");
  options.chown = value && *value && strcmp(value, "true") != 0 ? value
                  : user                                        ? uwsgi_concat3(user, ":", group ? group : "")
                                                                : nullptr;
}

// Files that say `true` are common, and uWSGI reads it as the number 0: what it is to mean there, they have
// long done without.
void set_slow(char *name, char *value, void *data) {
  if (!value || strcasecmp(value, "true") != 0) return uwsgi_opt_set_int(name, value, data);
  uwsgi.logging_options.slow = 0;
  uwsgi_log(
      "warning: log-slow = %s: it is off, as in uWSGI (write the milliseconds from which a request is slow: "
      "log-slow = 1000)\n",
      value);
}

void accept(char *, char *, void *) {}

char syslog_name[] = "syslog", socket_name[] = "socket";

// clang-format off
uwsgi_option table[] = {
    {"logto", required_argument, 0, "write the log to this file, or to host:port over UDP", uwsgi_opt_set_str, &options.logto, 0},
    {"logto2", required_argument, 0, "same as logto, opened when privileges are dropped", uwsgi_opt_set_str, &options.logto2, 0},
    {"logger", required_argument, 0, "give the log to a logger: [id ]name[:argument]", uwsgi_opt_add_string_list, &options.loggers, 0},
    {"req-logger", required_argument, 0, "give request lines to a logger of their own", uwsgi_opt_add_string_list, &options.request_loggers, 0},
    {"logger-req", required_argument, 0, "same as req-logger", uwsgi_opt_add_string_list, &options.request_loggers, 0},
    {"worker-logger", required_argument, 0, "same as logger", uwsgi_opt_add_string_list, &options.loggers, 0},
    {"worker-logger-req", required_argument, 0, "same as req-logger", uwsgi_opt_add_string_list, &options.request_loggers, 0},
    {"logger-list", no_argument, 0, "list the loggers", uwsgi_opt_true, &options.list_loggers, 0},
    {"loggers-list", no_argument, 0, "same as logger-list", uwsgi_opt_true, &options.list_loggers, 0},
    {"log-socket", required_argument, 0, "send the log to a UDP or UNIX datagram socket", uwsgi_opt_set_logger, socket_name, 0},
    {"log-syslog", optional_argument, 0, "send the log to syslog: ident[,facility]", uwsgi_opt_set_logger, syslog_name, 0},
    {"log-route", required_argument, 0, "lines that match go to the logger with this id: id pattern", uwsgi_opt_add_string_list, &options.routes, 0},
    {"log-req-route", required_argument, 0, "same for request lines", uwsgi_opt_add_string_list, &options.request_routes, 0},
    {"log-encoder", required_argument, 0, "change lines before they are logged: name[:id][ argument]", uwsgi_opt_add_string_list, &options.encoders, 0},
    {"log-req-encoder", required_argument, 0, "same for request lines", uwsgi_opt_add_string_list, &options.request_encoders, 0},
    {"worker-log-encoder", required_argument, 0, "same as log-encoder", uwsgi_opt_add_string_list, &options.encoders, 0},
    {"worker-log-req-encoder", required_argument, 0, "same as log-req-encoder", uwsgi_opt_add_string_list, &options.request_encoders, 0},
    {"log-encoder-list", no_argument, 0, "list the encoders", uwsgi_opt_true, &options.list_encoders, 0},
    {"log-drain", required_argument, 0, "drop lines that match this pattern", add_and_master, &options.drain, 0},
    {"log-filter", required_argument, 0, "drop lines that match none of these patterns", add_and_master, &options.filter, 0},
    {"log-master", no_argument, 0, "the log is written by a process of its own", uwsgi_opt_true, &options.master, 0},
    {"threaded-logger", no_argument, 0, "same as log-master (its writing never holds up its reading)", uwsgi_opt_true, &options.master, 0},
    {"log-master-bufsize", required_argument, 0, "(lines may have any length)", uwsgi_opt_set_int, &uwsgi.log_master_bufsize, 0},
    {"log-master-stream", no_argument, 0, "(accepted, changes nothing)", accept, nullptr, 0},
    {"log-master-req-stream", no_argument, 0, "(accepted, changes nothing)", accept, nullptr, 0},
    {"log-maxsize", required_argument, 0, "move the file of logto away when it has so many bytes", set_number_and_master, &options.max_size, 0},
    {"log-backupname", required_argument, 0, "name of the file that is moved away (default: path.seconds)", uwsgi_opt_set_str, &options.backup_name, 0},
    {"log-reopen", no_argument, 0, "log files are opened anew by a reload (always so); the log has a process of its own", uwsgi_opt_true, &options.master, 0},
    {"log-truncate", no_argument, 0, "empty the file of logto at the start", uwsgi_opt_true, &options.truncate, 0},
    {"touch-logreopen", required_argument, 0, "open log files anew when this file changes", add_and_master, &options.touch_reopen, 0},
    {"touch-logrotate", required_argument, 0, "move log files away when this file changes", add_and_master, &options.touch_rotate, 0},
    {"logfile-chown", optional_argument, 0, "owner of the file of logto, user[:group]; bare: uid and gid of the server", set_chown, nullptr, 0},
    {"logfile-chmod", required_argument, 0, "mode of the file of logto, octal", uwsgi_opt_set_str, &options.chmod, 0},
    {"log-format", required_argument, 0, "what a request line is: text and %(names); json", uwsgi_opt_set_str, &options.format, 0},
    {"logformat", required_argument, 0, "same as log-format", uwsgi_opt_set_str, &options.format, 0},
    {"log-format-strftime", no_argument, 0, "the text of log-format is a format of strftime(3), too", uwsgi_opt_true, &options.format_strftime, 0},
    {"logformat-strftime", no_argument, 0, "same as log-format-strftime", uwsgi_opt_true, &options.format_strftime, 0},
    {"log-format-escape", no_argument, 0, "escape values for JSON whatever the format looks like", uwsgi_opt_true, &options.format_escape, 0},
    {"log-date", optional_argument, 0, "the time at the beginning of lines (always there), in this format of strftime(3)", set_date, nullptr, 0},
    {"logdate", optional_argument, 0, "same as log-date", set_date, nullptr, 0},
    {"log-strftime", required_argument, 0, "same as log-date", set_date, nullptr, 0},
    {"log-prefix", optional_argument, 0, "a text that lines of the server begin with", uwsgi_opt_set_str, &options.prefix, 0},
    {"log-micros", no_argument, 0, "request lines have microseconds", uwsgi_opt_true, &options.micros, 0},
    {"log-x-forwarded-for", no_argument, 0, "the address in request lines is that of X-Forwarded-For", uwsgi_opt_true, &options.forwarded_for, 0},
    {"log-zero", no_argument, 0, "log requests without a response body in any case", uwsgi_opt_true, &uwsgi.logging_options.zero, 0},
    {"log-4xx", no_argument, 0, "log client errors in any case (always so)", uwsgi_opt_true, &uwsgi.logging_options._4xx, 0},
    {"log-5xx", no_argument, 0, "log server errors in any case (always so)", uwsgi_opt_true, &uwsgi.logging_options._5xx, 0},
    {"log-slow", required_argument, 0, "log requests that take this many milliseconds in any case", set_slow, &uwsgi.logging_options.slow, 0},
    {"log-big", required_argument, 0, "log responses of this many bytes in any case", uwsgi_opt_set_64bit, &uwsgi.logging_options.big, 0},
    {"log-sendfile", no_argument, 0, "log requests that sent a file in any case", uwsgi_opt_true, &uwsgi.logging_options.sendfile, 0},
    {"log-ioerror", no_argument, 0, "log requests with a read or write error in any case", uwsgi_opt_true, &uwsgi.logging_options.ioerror, 0},
    {"rsyslog-packet-size", required_argument, 0, "longest datagram of logger rsyslog (1024)", accept, nullptr, 0},
    {"rsyslog-split-messages", no_argument, 0, "logger rsyslog sends long lines in several datagrams", accept, nullptr, 0},
    UWSGI_END_OF_OPTIONS
};
// clang-format on

void on_load() {
  register_file_loggers();
  register_datagram_loggers();
  register_syslog_logger();
  register_pipe_logger();
  register_redis_logger();
  register_text_encoders();
#ifdef LOGGING_HAS_ZLIB
  register_compressing_encoders();
#endif
  uwsgi.log_master_bufsize = 8192;
}

// logto without anything that needs a process: standard output and error of all processes are the file.
int open_directly(const char *path) {
  LogFile file({.path = path, .truncate = options.truncate != 0 && uwsgi_generation() == 0});
  bool done = file.open() && (!options.chmod || set_mode(file.fd(), options.chmod)) &&
              (!options.chown || set_owner(file.fd(), options.chown));
  if (!done && errno == EACCES && uwsgi_generation() > 0) {  // it was root who opened it
    uwsgi_log(
        "warning: logto = %s: %s: the log goes on in the file that is open (logfile-chown = true before the "
        "next start makes it the server's own)\n",
        path, strerror(errno));
    uwsgi.logfile = uwsgi_str(path);
    return 0;
  }
  if (!done) {
    uwsgi_log("logto = %s: %s (correct logto, logfile-chmod or logfile-chown)\n", path, strerror(errno));
    return -1;
  }
  uwsgi.logfile = uwsgi_str(path);
  fflush(nullptr);
  dup2(file.fd(), STDOUT_FILENO);
  dup2(file.fd(), STDERR_FILENO);
  return 0;
}

bool is_udp(const char *address) {
  return address && *address != '/' && *address != '.' && strchr(address, ':');
}

// Commands of the master's fifo, where the plugin that has it is loaded.
void take_fifo_commands() {
  auto set_slot =
      reinterpret_cast<decltype(&uwsgi_fifo_set_slot)>(dlsym(RTLD_DEFAULT, "uwsgi_fifo_set_slot"));
  if (!set_slot) return;
  set_slot('l', [](int) { uwsgi_log_reopen(); });
  set_slot('L', [](int) { uwsgi_log_rotate(); });
}

int init() {
  create_board();
  take_fifo_commands();
  if (options.list_loggers) list_loggers();
  if (options.list_encoders) list_encoders();
  for (char **target : {&options.logto, &options.logto2}) {
    if (!is_udp(*target)) continue;
    uwsgi_string_new_list(&options.loggers, uwsgi_concat2("socket:", *target));
    *target = nullptr;
  }
  if (options.prefix || options.date) {
    char *date = options.date ? uwsgi_concat2(options.date, " ") : nullptr;
    char *prefix = options.prefix && *options.prefix ? uwsgi_concat2(options.prefix, " ") : nullptr;
    uwsgi_log_stamp(prefix, date);
  }
  if (!prepare_logger_process()) return -1;
  if (uwsgi_generation() >= 0) atexit(write_rest);
  if (has_logger_process()) {
    uwsgi.log_master = 1;
  } else if (const char *path = options.logto2 ? options.logto2 : options.logto;
             path && *path && uwsgi_generation() >= 0) {
    if (open_directly(path)) return -1;
  }
  prepare_request_lines();
  return 0;
}

// uwsgi.logfile is the file that the server opened itself.
void measure_log() {
  struct stat info {};
  const bool known = uwsgi.logfile && stat(uwsgi.logfile, &info) == 0 && S_ISREG(info.st_mode);
  uwsgi.shared->logsize = known ? info.st_size : 0;
}

void at_fork(int step) {
  if (step == 1) enter_child();
}

}  // namespace

}  // namespace mortise::logging

// Its first users are log-syslog[=argument] and log-socket=argument.
extern "C" void uwsgi_opt_set_logger(char *, char *value, void *kind) {
  auto *name = static_cast<char *>(kind);
  uwsgi_string_new_list(&mortise::logging::options.loggers,
                        value && *value ? uwsgi_concat3(name, ":", value) : name);
}

uwsgi_plugin logging_plugin = {
    .name = "logging",
    .on_load = mortise::logging::on_load,
    .init = mortise::logging::init,
    .options = mortise::logging::table,
    .master_cycle = mortise::logging::measure_log,
    .pre_uwsgi_fork = mortise::logging::take_over,
    .post_uwsgi_fork = mortise::logging::at_fork,
};
