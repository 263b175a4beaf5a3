// Which signals are crashes, and how a process that got one ends.
#pragma once

namespace mortise::crash {

// Has crashes reported in this process and in those that it forks, where nobody else handles them. [master]
void watch_crashes();

}  // namespace mortise::crash
