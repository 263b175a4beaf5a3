// Messages of a legion: what is understood is said again in the same way.
#include <cstdint>
#include <cstdlib>

#include "plugins/legion/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace mortise::legion;
  const auto message = unpack({reinterpret_cast<const char *>(data), size});
  if (!message) return 0;
  const std::string text = pack(*message);
  const auto again = unpack(text);
  if (!again || pack(*again) != text) abort();
  return 0;
}
