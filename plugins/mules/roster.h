// uwsgi.mules and uwsgi.farms: made from the configuration, found by number and name; signals sent to them.
#pragma once

#include <uwsgi.h>

namespace mortise::mules {

struct Options {
  uwsgi_string_list *farms = nullptr;
  int msg_size = 0;      // bytes of a queue; 0: the system's
  int reload_mercy = 0;  // seconds to stop; 0: what other processes have
};
extern Options options;

// A mule that runs `patch`, or waits where that is null. [load]
void add_mule(const char *patch);

// Makes the shared state: 0, or -1 and the log says why. [init]
int create_roster();

}  // namespace mortise::mules
