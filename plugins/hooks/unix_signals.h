// Action unix_signal: what the master does when it gets a signal, `number function`.
#pragma once

namespace mortise::hooks {

// [load, master] 0, or -1 and the log says why.
int set_unix_signal(char *args);
// Children do nothing of that. [child]
void forget_unix_signals();

}  // namespace mortise::hooks
