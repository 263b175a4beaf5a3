// Alarms that are raised when a descriptor is readable.
#pragma once

#include <uwsgi.h>

#include <vector>

// Opaque to plugins.
struct uwsgi_alarm_fd {
  int fd;
  size_t bytes;  // that are read each time
  char *alarm;
  char *message;  // nullptr: what was read
  size_t message_bytes;
  uwsgi_alarm_fd *next;
};

namespace mortise::alarms {

uwsgi_alarm_fd *first_alarm_fd();

// From "alarm fd[:bytes] [message]". False with a message in the log where it is wrong. [load]
bool add_alarm_fd(const char *text);

// Reads, and calls raise(alarm, message, bytes). At its end the descriptor is not looked at again. [alarms
// process]
void read_alarm_fd(uwsgi_alarm_fd &one, void (*raise)(const char *, char *, size_t));

}  // namespace mortise::alarms
