#include "config/always_so.h"

#include "kernel/log.h"

namespace mortise {

namespace {

void stay_on(char *name, char *value, void *) {
  int wanted = 1;
  uwsgi_opt_true(name, value, &wanted);
  if (!wanted) log_warning("option '%s' cannot be switched off: it is how this server works", name);
}

void ignore_value(char *, char *, void *) {}

constexpr uwsgi_option flag(const char *name, const char *help, int shortcut = 0) {
  return {name, no_argument, shortcut, help, stay_on, nullptr, 0};
}

}  // namespace

const uwsgi_option *always_so_options() {
  static const uwsgi_option table[] = {
      flag("master", "run a master process (always so)", 'M'),
      flag("enable-threads", "threads in applications (always so)", 'T'),
      flag("thunder-lock", "no thundering herd (always so, without a lock)"),
      flag("thunder-lock-watchdog", "the lock of a process that died is free (always so: there is none)"),
      flag("die-on-term", "SIGTERM stops the server (always so)"),
      flag("no-orphans", "workers end when the master dies (always so)"),
      flag("reaper", "processes whose parent died are waited for (always so)"),
      flag("close-on-exec", "programs get no descriptor of the server (always so)"),
      flag("close-on-exec2", "same"),
      flag("ignore-sigpipe", "SIGPIPE is ignored (always so)"),
      flag("autoload", "a plugin is loaded when one of its options is used (always so)"),
      flag("skip-atexit-teardown", "interpreters are not taken down at the end (always so)"),
      flag("honour-stdin", "standard input stays what it was (always so)"),
      flag("tcp-nodelay", "answers are not held back to fill packets (always so)"),
      flag("ignore-write-errors", "a client that left is no error (always so)"),
      flag("disable-write-exception", "a client that left raises nothing (always so)"),
      flag("no-threads-wait",
           "threads are not cancelled, so nothing waits for that (always so): they finish their requests "
           "within "
           "worker-reload-mercy"),
      {"ssl-tmp-dir", required_argument, 0, "keys are not written to temporary files (always so)",
       ignore_value, nullptr, 0},
      UWSGI_END_OF_OPTIONS};
  return table;
}

}  // namespace mortise
