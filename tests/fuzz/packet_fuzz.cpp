// The uwsgi packet parser: whatever comes, every variable lies inside the block and the parse ends.
#include <cstdlib>

#include "kernel/packet.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace mortise;
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  if (size < kPacketHeaderBytes) return 0;
  PacketHead head = parse_packet_head(bytes);
  std::string_view block = bytes.substr(kPacketHeaderBytes, head.vars_bytes);
  size_t used = 0;
  bool whole = parse_packet_vars(block, [&](std::string_view key, std::string_view value) {
    for (std::string_view part : {key, value})
      if (part.data() < block.data() || part.data() + part.size() > block.data() + block.size()) abort();
    used += 4 + key.size() + value.size();
    return true;
  });
  if (whole != (used == block.size())) abort();
  return 0;
}
