// What the processes of the server tell the one that owns the log, in shared memory.
#pragma once

#include <atomic>
#include <cstdint>

namespace mortise::logging {

struct Board {
  std::atomic<uint64_t> lost_requests;   // lines that the pipe did not take
  std::atomic<bool> cut;                 // the last line that standard error took is not whole
  std::atomic<uint64_t> stuck_until_us;  // until when nobody waits for room in the pipe; monotonic
  std::atomic<uint32_t> reopen;          // counts requests to open files anew
  std::atomic<uint32_t> rotate;
};

// Null until the start of the plugin.
Board *board();
void create_board();

}  // namespace mortise::logging
