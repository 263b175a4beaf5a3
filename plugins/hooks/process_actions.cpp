// Actions that run programs and functions, tell something, or end the process.
#include "actions.h"
#include "unix_signals.h"

namespace mortise::hooks {

bool at_the_end = false;

namespace {

bool in_running_master() {
  return getpid() == uwsgi_master_pid() && uwsgi.master_queue > 0 && !at_the_end;
}

// Waits for the command, but in the master, which has others to look after.
int execute(char *args) {
  if (in_running_master()) return uwsgi_run_command(args, nullptr, -1) > 0 ? 0 : failed("start", args);
  int status = uwsgi_run_command_and_wait(nullptr, args);
  if (status != 0) uwsgi_log("hook: exec %s: exit status %d\n", args, status);
  return status == 0 ? 0 : -1;
}

int execute_and_forget_failure(char *args) {
  execute(args);
  return 0;
}

// `function [argument]`: its address, nullptr with a message.
void *find(const std::vector<std::string> &words) {
  void *found = words.empty() ? nullptr : dlsym(RTLD_DEFAULT, words[0].c_str());
  if (!found)
    uwsgi_log("hook: call: there is no function '%s' in the server or its plugins\n",
              words.empty() ? "" : words[0].c_str());
  return found;
}

char *argument(const std::vector<std::string> &words) {
  return words.size() > 1 ? uwsgi_str(words[1].c_str()) : nullptr;
}

int call(char *args) {
  auto words = split_words(args, 2);
  auto func = reinterpret_cast<void (*)(char *)>(find(words));
  if (func) func(argument(words));
  return func ? 0 : -1;
}

int call_checked(char *args) {
  auto words = split_words(args, 2);
  auto func = reinterpret_cast<int (*)(char *)>(find(words));
  return func ? func(argument(words)) : -1;
}

int call_with_int(char *args) {
  auto words = split_words(args, 2);
  auto func = reinterpret_cast<void (*)(int)>(find(words));
  if (func) func(words.size() > 1 ? atoi(words[1].c_str()) : 0);
  return func ? 0 : -1;
}

int call_with_int_checked(char *args) {
  auto words = split_words(args, 2);
  auto func = reinterpret_cast<int (*)(int)>(find(words));
  return func ? func(words.size() > 1 ? atoi(words[1].c_str()) : 0) : -1;
}

int print(char *args) {
  uwsgi_log("%s\n", args);
  return 0;
}

int set_hostname(char *args) {
  return sethostname(args, strlen(args)) ? failed("set the host name", args) : 0;
}

int end_process(char *args) {
  uwsgi_exit(*args ? atoi(args) : 0);
}

// Through the plugin alarms, where it is loaded.
int raise_alarm(char *args) {
  auto words = split_words(args, 2);
  uwsgi_load_plugin("alarms");
  auto trigger = reinterpret_cast<decltype(&uwsgi_alarm_trigger)>(dlsym(RTLD_DEFAULT, "uwsgi_alarm_trigger"));
  if (!trigger || words.size() != 2) {
    uwsgi_log("hook: alarm: it needs the plugin alarms, the name of an alarm and a message\n");
    return -1;
  }
  trigger(words[0].c_str(), words[1].data(), words[1].size());
  return 0;
}

// name=value into the environment.
int put_variable(char *args) {
  return strchr(args, '=') && putenv(args) == 0 ? 0 : failed("set the variable", args);
}

}  // namespace

void add_process_actions() {
  add_action("exec", execute);
  add_action("safeexec", execute_and_forget_failure);
  add_action("call", call);
  add_action("callret", call_checked);
  add_action("callint", call_with_int);
  add_action("callintret", call_with_int_checked);
  add_action("print", print, true);
  add_action("log", print, true);
  add_action("hostname", set_hostname);
  add_action("exit", end_process);
  add_action("alarm", raise_alarm);
  add_action("setenv", put_variable, true);
  add_action("unix_signal", set_unix_signal);
}

}  // namespace mortise::hooks
