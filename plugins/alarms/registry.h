// Kinds of alarms and the configured instances of them.
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise::alarms {

uwsgi_alarm *find_kind(std::string_view name);

// From "name kind:arg", kinds being known; nullptr with a message in the log where it is wrong. [load]
uwsgi_alarm_instance *add_instance(const char *text);

uwsgi_alarm_instance *first_instance();
uwsgi_alarm_instance *find_instance(std::string_view name);

// Whether the instance raised the same message less than freq_s seconds ago; remembers this one if not.
bool is_repeated(uwsgi_alarm_instance &instance, std::string_view message, time_t now, int freq_s);

}  // namespace mortise::alarms
