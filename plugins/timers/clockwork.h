// The master's side: wakes when something is due or was registered, and raises the signals.
#pragma once

#include "registrations.h"

namespace mortise::timers {

// Hook init: the shared list, a timerfd and an eventfd that the master watches. 0, or -1. [master]
int start_clockwork();

// The shared list; null where there is no master.
Registrations *registrations();

// Makes the master look at the list. [any process]
void wake_master();

}  // namespace mortise::timers
