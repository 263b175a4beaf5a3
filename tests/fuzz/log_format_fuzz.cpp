// Log formats, templates of encoders and logger options of any bytes; what is escaped for JSON stays within
// its string.
#include <cstdint>
#include <cstdlib>

#include "plugins/logging/chunk.h"
#include "plugins/logging/encoders.h"
#include "plugins/logging/line_template.h"
#include "plugins/logging/loggers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace mortise::logging;
  std::string_view text(reinterpret_cast<const char *>(data), size);
  if (text.find("metric.") == text.npos) parse_format(text, false);
  parse_logger(text);
  parse_encoder(text);
  fill_template(parse_template(text), text, 0, true);
  std::string escaped;
  append_escaped(escaped, text, Escape::kJson);
  for (size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] == '"' || static_cast<unsigned char>(escaped[i]) < 0x20) abort();
    if (escaped[i] == '\\') ++i;
  }
  return 0;
}
