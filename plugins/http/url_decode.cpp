#include "url_decode.h"

#include <cstring>

#include "byte_class.h"

namespace mortise::http {

namespace {

// The byte that the escape at the start of `text` stands for; -1: none, or NUL, which would cut C strings
// short.
int decode_escape(std::string_view text) {
  if (text.size() < 3) return -1;
  int high = hex_value(text[1]), low = hex_value(text[2]);
  if (high < 0 || low < 0 || (high | low) == 0) return -1;
  return high << 4 | low;
}

}  // namespace

bool is_decodable(std::string_view path) {
  for (size_t at = path.find('%'); at != path.npos; at = path.find('%', at + 3))
    if (decode_escape(path.substr(at)) < 0) return false;
  return true;
}

std::optional<std::string_view> decode_path(std::string_view path, std::span<char> out) {
  size_t at = path.find('%');
  if (at == path.npos) return path;
  if (out.size() < path.size()) return std::nullopt;
  memmove(out.data(), path.data(), at);
  size_t len = at;
  while (at < path.size()) {
    if (path[at] != '%') {
      out[len++] = path[at++];
      continue;
    }
    int byte = decode_escape(path.substr(at));
    if (byte < 0) return std::nullopt;
    out[len++] = static_cast<char>(byte);
    at += 3;
  }
  return std::string_view(out.data(), len);
}

}  // namespace mortise::http
