// What is measured of the workers from outside: their memory, and sums over all of them.
#pragma once

#include <cstdint>
#include <string_view>

namespace mortise::metrics {

struct MemorySize {
  uint64_t rss = 0;  // bytes
  uint64_t vsz = 0;
};

// proc(5), /proc/PID/statm: pages of virtual memory, resident pages, …; zeros where it is something else.
MemorySize parse_statm(std::string_view text, uint64_t page_bytes);

// Also owned here: uwsgi_sample_workers().

}  // namespace mortise::metrics
