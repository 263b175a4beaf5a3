// Percent-decoding of a path, once. Knows nothing of queries, '+' or directories.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace mortise::http {

// The decoded path: `path` itself where there is nothing to decode (no byte is copied), else in `out`, which
// needs path.size() bytes and may be the path's own. Nothing for "%zz", "%00" or when out is too small.
std::optional<std::string_view> decode_path(std::string_view path, std::span<char> out);

// True when each '%' is followed by two hexadecimal digits that are not both zero.
bool is_decodable(std::string_view path);

}  // namespace mortise::http
