// Looks at the workers once a second, replaces one that has reached a limit, and never two at a time.
#pragma once

namespace mortise::recycling {

// Hook master_cycle.
void review_workers();

}  // namespace mortise::recycling
