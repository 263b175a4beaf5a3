// Packed arrays: whatever comes, every item lies inside the block, and a good block is used up.
#include <uwsgi.h>

#include <cstdlib>

#include "plugins/calls/packed_array.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view block(reinterpret_cast<const char *>(data), size);
  size_t used = 0;
  const bool good = mortise::calls::parse_array(block, [&](std::string_view item) {
    if (item.data() < block.data() || item.data() + item.size() > block.data() + block.size()) abort();
    used += 2 + item.size();
    return true;
  });
  if (good != (used == size)) abort();
  return 0;
}
