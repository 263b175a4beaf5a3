// Routes as they are written, expressions and networks: any bytes.
#include <arpa/inet.h>

#include <cstdint>
#include <string_view>

#include "plugins/routing/address_match.h"
#include "plugins/routing/arithmetic.h"
#include "plugins/routing/route_syntax.h"

using namespace mortise::routing;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char *>(data) + 1, size - 1);
  const auto subject = static_cast<Subject>(data[0] % 5);
  const RouteText route = parse_route(text, subject);
  // Well formed is what has an action, or is a label.
  if (route.error.empty() && route.action.empty() && subject != Subject::kLabel) __builtin_trap();
  evaluate(text, [](std::string_view name) { return static_cast<double>(name.size()); });
  const size_t middle = text.find(';');
  address_in(data[0] & 1 ? AF_INET : AF_INET6, text.substr(0, middle),
             middle == text.npos ? std::string_view{} : text.substr(middle + 1));
  return 0;
}
