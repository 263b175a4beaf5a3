// The conditions of requests for files, one header value a line: whatever they say, what is sent lies within
// the file.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/static/conditions.h"

using namespace mortise::files;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view left(reinterpret_cast<const char *>(data), size);
  const auto next = [&left] {
    const std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(line.size() < left.size() ? line.size() + 1 : line.size());
    return line;
  };
  Conditions asked;
  asked.if_match = next();
  asked.if_none_match = next();
  asked.if_modified_since = next();
  asked.if_unmodified_since = next();
  asked.if_range = next();
  const std::string_view range = next(), accept_encoding = next();
  const Validators file{"\"1-a\"", 784111777};
  const int status = check_conditions(asked, file);
  if (status != 0 && status != 304 && status != 412) abort();
  for (uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{1000}, uint64_t{INT64_MAX}}) {
    const ByteRange chosen = choose_range(range, asked, file, bytes);
    if (chosen.kind != ByteRange::Kind::kPart) continue;
    if (chosen.length == 0 || chosen.first >= bytes || chosen.length > bytes - chosen.first) abort();
  }
  accepts_gzip(accept_encoding);
  return 0;
}
