// The process of the emperor: one loop over scanners, vassals and who asks for their state.
#pragma once

namespace mortise::emperor {

void run_emperor(int id, void *data);

}  // namespace mortise::emperor
