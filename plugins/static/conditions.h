// Conditional requests and ranges (RFC 9110 §13, §14), as pure functions over header values.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>

namespace mortise::files {

struct Validators {
  std::string_view etag;  // strong, with its quotes
  time_t modified;
};

// The values of a request's fields; data() nullptr: it has no such field.
struct Conditions {
  std::string_view if_match, if_none_match, if_modified_since, if_unmodified_since, if_range;
};

// 0: go on; 304; 412.
int check_conditions(const Conditions &, const Validators &);

struct ByteRange {
  enum class Kind { kWhole, kPart, kUnsatisfiable } kind = Kind::kWhole;
  uint64_t first = 0, length = 0;
};
// What Range asks for of `size` bytes. Several ranges, other units and what is malformed count as the whole.
ByteRange choose_range(std::string_view range, const Conditions &, const Validators &, uint64_t size);

// One of the three forms of an HTTP date.
std::optional<time_t> parse_http_date(std::string_view text);

// Whether Accept-Encoding takes gzip.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace mortise::files
