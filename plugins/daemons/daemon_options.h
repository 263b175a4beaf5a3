// attach-daemon and its relatives: from option values to struct uwsgi_daemon, which all processes can read.
#pragma once

#include <uwsgi.h>

#include <string>

namespace mortise::daemons {

// What struct uwsgi_daemon has no place for.
struct Daemon {
  uwsgi_daemon *shared;  // in shared memory, in the list uwsgi.daemons
  std::string chdir;
  std::string legion;
  int max_throttle = 60;  // seconds between two starts of one that does not stay, at most
  bool smart() const { return shared->pidfile != nullptr; }
};

// [load] Option callbacks; a value that makes no sense ends the server with a message.
void add_attached(char *name, char *value, void *);         // attach-daemon = COMMAND
void add_control(char *name, char *value, void *);          // attach-control-daemon = COMMAND
void add_smart(char *name, char *value, void *);            // smart-attach-daemon = PIDFILE COMMAND
void add_smart2(char *name, char *value, void *);           // smart-attach-daemon2 = PIDFILE COMMAND
void add_keyval(char *name, char *value, void *);           // attach-daemon2 = key=value,…
void add_for_legion(char *name, char *value, void *inner);  // LEGION, then as `inner` has it

}  // namespace mortise::daemons
