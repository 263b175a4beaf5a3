// The vassals: their life from the first sight of a configuration to its end. One list, in the emperor's
// process alone.
#pragma once

#include <uwsgi.h>

#include <string>

namespace mortise::emperor {

// What is kept of an instance beside its published members.
struct Vassal : uwsgi_instance {
  int pidfd = -1;            // readable when it has ended
  int life_fd = -1;          // the vassal ends when no emperor has it any more
  int config_fd = -1;        // its configuration where that is no file (memfd_create(2))
  int64_t due_ms = 0;        // when it is to be started (pid 0), or killed (cursed)
  int64_t wait_ms = 0;       // before the next start
  bool gone = false;         // to be dropped when it has ended
  int64_t heartbeat_ms = 0;  // when its last one came; 0: none since its start
};

int64_t now_ms();
Vassal *first_vassal();
Vassal *next_vassal(const Vassal *vassal);

// Starts, kills and drops what is due; the milliseconds until there is more to do, at most a second.
int tend_vassals();
// A descriptor is readable: true where it was that of a vassal, which has been reaped or has told something.
bool vassal_event(int fd);
void stop_all_vassals();
// Its descriptors wake the emperor.
void watch(const Vassal &vassal);
void tell(const Vassal &vassal, int signum);

}  // namespace mortise::emperor
