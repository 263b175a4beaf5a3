#include "actions.h"

#include <cstring>
#include <string>

namespace mortise::legion {

namespace {

uwsgi_legion_action *actions = nullptr;

int run_command(uwsgi_legion *, char *argument) {
  return uwsgi_run_command_and_wait(nullptr, argument);
}

int raise_signal(uwsgi_legion *, char *argument) {
  return uwsgi_signal_send(uwsgi.shared->worker_signal_pipe[0], static_cast<uint8_t>(atoi(argument)));
}

int log_text(uwsgi_legion *, char *argument) {
  uwsgi_log("%s\n", argument);
  return 0;
}

// ALARM MESSAGE
int raise_alarm(uwsgi_legion *, char *argument) {
  std::string message = argument;
  const size_t space = message.find(' ');
  if (space == message.npos) return -1;
  const std::string alarm = message.substr(0, space);
  uwsgi_alarm_trigger(alarm.c_str(), message.data() + space + 1, message.size() - space - 1);
  return 0;
}

}  // namespace

void add_built_in_actions() {
  uwsgi_legion_action_register("cmd", run_command);
  uwsgi_legion_action_register("exec", run_command);
  uwsgi_legion_action_register("signal", raise_signal);
  uwsgi_legion_action_register("log", log_text);
  uwsgi_legion_action_register("alarm", raise_alarm);
}

bool run_actions(const char *phase, uwsgi_legion &legion, const uwsgi_string_list *hooks) {
  bool good = true;
  for (; hooks; hooks = hooks->next) {
    std::string hook = hooks->value;
    const size_t colon = hook.find(':');
    const uwsgi_legion_action *action = uwsgi_legion_action_get(hook.substr(0, colon).c_str());
    if (!action) {
      uwsgi_log("legion %s: %s: there is no action '%s' (load the plugin that has it)\n", legion.legion,
                phase, hook.substr(0, colon).c_str());
      good = false;
      continue;
    }
    if (action->log_msg)
      uwsgi_log("legion %s: %s: %s\n", legion.legion, phase, action->log_msg);
    else
      uwsgi_log("legion %s: %s: %s\n", legion.legion, phase, hook.c_str());
    const int status = action->func(&legion, hook.data() + colon + 1);
    if (status == 0) continue;
    uwsgi_log("legion %s: %s: '%s' failed with status %d\n", legion.legion, phase, hooks->value, status);
    good = false;
  }
  return good;
}

}  // namespace mortise::legion

extern "C" {

uwsgi_legion_action *uwsgi_legion_action_get(const char *name) {
  for (uwsgi_legion_action *action = mortise::legion::actions; action; action = action->next)
    if (strcmp(action->name, name) == 0) return action;
  return nullptr;
}

uwsgi_legion_action *uwsgi_legion_action_register(const char *name, int (*func)(uwsgi_legion *, char *)) {
  uwsgi_legion_action *action = uwsgi_legion_action_get(name);
  if (!action) {
    action = static_cast<uwsgi_legion_action *>(uwsgi_calloc(sizeof(uwsgi_legion_action)));
    action->name = uwsgi_str(name);
    uwsgi_legion_action **end = &mortise::legion::actions;
    while (*end) end = &(*end)->next;
    *end = action;
  }
  action->func = func;
  return action;
}

}  // extern "C"
