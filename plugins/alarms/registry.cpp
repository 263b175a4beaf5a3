#include "registry.h"

#include <cstring>
#include <string>

namespace mortise::alarms {

namespace {

uwsgi_alarm_instance *instances = nullptr;

uwsgi_alarm_instance *refuse(const char *text, const char *why) {
  uwsgi_log("alarm = %s: %s (write alarm = NAME KIND:ARGUMENT; alarm-list shows the kinds)\n", text, why);
  return nullptr;
}

template <typename T>
void append(T **list, T *item) {
  while (*list) list = &(*list)->next;
  *list = item;
}

char *copy(std::string_view text) {
  return uwsgi_strncopy(text.data(), static_cast<int>(text.size()));
}

}  // namespace

uwsgi_alarm *find_kind(std::string_view name) {
  for (uwsgi_alarm *kind = uwsgi.alarms; kind; kind = kind->next)
    if (name == kind->name) return kind;
  return nullptr;
}

uwsgi_alarm_instance *add_instance(const char *text) {
  const std::string_view all = text;
  const size_t space = all.find_first_of(" \t");
  if (space == 0 || space == all.npos) return refuse(text, "there is no blank behind its name");
  const size_t begin = all.find_first_not_of(" \t", space);
  if (begin == all.npos) return refuse(text, "its kind is missing");
  const std::string_view name = all.substr(0, space), what = all.substr(begin);
  const size_t colon = what.find(':');
  uwsgi_alarm *kind = find_kind(what.substr(0, colon));
  if (!kind) return refuse(text, "there is no such kind of alarm");
  if (find_instance(name)) return refuse(text, "the name is taken by another alarm");
  auto *instance = static_cast<uwsgi_alarm_instance *>(uwsgi_calloc(sizeof(uwsgi_alarm_instance)));
  instance->name = copy(name);
  instance->arg = copy(colon == what.npos ? std::string_view() : what.substr(colon + 1));
  instance->alarm = kind;
  append(&instances, instance);
  return instance;
}

uwsgi_alarm_instance *first_instance() {
  return instances;
}

uwsgi_alarm_instance *find_instance(std::string_view name) {
  for (uwsgi_alarm_instance *instance = instances; instance; instance = instance->next)
    if (name == instance->name) return instance;
  return nullptr;
}

bool is_repeated(uwsgi_alarm_instance &instance, std::string_view message, time_t now, int freq_s) {
  const std::string_view last(instance.last_msg ? instance.last_msg : "", instance.last_msg_size);
  const bool recent = now >= instance.last_run && now - instance.last_run < freq_s;
  if (instance.last_msg && recent && last == message) return true;
  free(instance.last_msg);
  instance.last_msg = copy(message);
  instance.last_msg_size = message.size();
  instance.last_run = now;
  return false;
}

}  // namespace mortise::alarms

extern "C" void uwsgi_register_alarm(const char *name, void (*init)(uwsgi_alarm_instance *),
                                     void (*func)(uwsgi_alarm_instance *, char *, size_t)) {
  uwsgi_alarm *kind = mortise::alarms::find_kind(name);
  if (!kind) {
    kind = static_cast<uwsgi_alarm *>(uwsgi_calloc(sizeof(uwsgi_alarm)));
    kind->name = uwsgi_str(name);
    mortise::alarms::append(&uwsgi.alarms, kind);
  }
  kind->init = init;  // a plugin's replaces the built-in of the same name
  kind->func = func;
}
