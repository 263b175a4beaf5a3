// What strangers write to the statistics server, and what requests and /proc have for its documents.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/metrics/collectors.h"
#include "plugins/metrics/worker_state.h"
#include "plugins/stats/http.h"
#include "plugins/stats/json_escape.h"
#include "plugins/stats/prometheus.h"

namespace {

void require(bool holds) {
  if (!holds) abort();
}

// The inside of a JSON string: printable, quotes and backslashes only behind a backslash.
void check_escaped(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    require(byte >= 0x20 && byte != '"');
    if (byte == '\\') require(++i < text.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  using namespace mortise::stats;
  const Wanted wanted = read_request_line(text);
  if (wanted == Wanted::kMore) require(text.find('\n') == text.npos);
  std::string escaped;
  append_escaped(escaped, text);
  check_escaped(escaped);
  require(label_value(text).find('\n') == std::string::npos);
  prometheus_name(text);
  mortise::metrics::number_in_field(text, static_cast<int64_t>(size % 5));
  mortise::metrics::parse_statm(text, 4096);
  return 0;
}
