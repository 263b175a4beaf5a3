// The process that removes what expired and writes files of caches to the disk.
#pragma once

namespace mortise::caches {

struct SweeperOptions {
  int freq = 3;  // seconds between two turns
  int report = 0;
  int no_expire = 0;
};
extern SweeperOptions sweeper_options;

// Registers the process where a cache needs it: 0, or -1. [init]
int start_sweeper();

}  // namespace mortise::caches
