// The process of role "alarms": takes alarms out of the channel and calls their functions, one after the
// other.
#pragma once

namespace mortise::alarms {

void run_alarms(int id, void *);

}  // namespace mortise::alarms
