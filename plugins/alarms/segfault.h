// alarm-segfault: a worker that dies of a wrong memory access says so itself, with its stack.
#pragma once

namespace mortise::alarms {

// Installs the handler; afterwards the signal does what it does by default. [worker, after fork]
void watch_segfaults();

}  // namespace mortise::alarms
