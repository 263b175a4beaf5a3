// Heads of SCGI: the same verdict in whatever pieces they come, and variables that lie inside.
#include <cstdint>
#include <cstdlib>

#include "plugins/scgi/head.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace mortise::scgi;
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  constexpr size_t kMost = 4096;
  const Block whole = find_block(bytes, kMost);
  for (size_t len = 0; len < size && len < 256; ++len) {
    const Block early = find_block(bytes.substr(0, len), kMost);
    if (early.verdict != Verdict::kMore && early.verdict != whole.verdict) abort();
  }
  if (whole.verdict != Verdict::kGood) return 0;
  if (whole.used > size || whole.pairs.size() > kMost) abort();
  for_each_pair(whole.pairs, [&](std::string_view name, std::string_view value) {
    for (std::string_view part : {name, value})
      if (part.data() < bytes.data() || part.data() + part.size() > bytes.data() + whole.used) abort();
    return true;
  });
  return 0;
}
