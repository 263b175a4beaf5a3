// The stack that a thread's signal handlers run on, so that they run where its own has overflowed.
#pragma once

namespace mortise::crash {

// Gives the calling thread one for as long as it lives, unless it has one. A fork hands it on.
void use_alternate_stack();

}  // namespace mortise::crash
