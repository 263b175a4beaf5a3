// Records of FastCGI: the head is the same in whatever pieces it comes, and its variables lie inside it.
#include <cstdlib>
#include <string>

#include "plugins/fastcgi/records.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace mortise::fastcgi;
  const std::string bytes(reinterpret_cast<const char *>(data), size);
  constexpr size_t kMost = 4096;
  std::string text = bytes;
  Head head;
  const Verdict whole = parse_head(text.data(), text.size(), kMost, &head);
  for (size_t len = 0; len < size && len < 256; ++len) {
    std::string part = bytes.substr(0, len);
    Head early;
    const Verdict verdict = parse_head(part.data(), part.size(), kMost, &early);
    if (verdict == Verdict::kMore && part != bytes.substr(0, len)) abort();
    if (verdict != Verdict::kMore && verdict != whole) abort();
  }
  if (whole != Verdict::kGood) return 0;
  if (head.used > size || head.params.size() > kMost) abort();
  if (head.params.data() < text.data() || head.params.data() + head.params.size() > text.data() + size)
    abort();
  for_each_pair(head.params, [&](std::string_view name, std::string_view value) {
    for (std::string_view part : {name, value})
      if (part.data() < head.params.data() ||
          part.data() + part.size() > head.params.data() + head.params.size())
        abort();
    return true;
  });
  return 0;
}
