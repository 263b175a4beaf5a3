#include "cgi_names.h"

#include <cstring>

namespace mortise::http {

std::string_view cgi_name(const HeaderField &field, std::span<char> scratch) {
  if (field.id == HeaderId::kProxy) return {};
  if (field.id != HeaderId::kUnknown) return cgi_name_of(field.id);
  const size_t len = kCgiPrefixBytes + field.name.size();
  if (scratch.size() < len) return {};
  char *out = scratch.data();
  memcpy(out, "HTTP_", kCgiPrefixBytes);
  out += kCgiPrefixBytes;
  for (char byte : field.name) {
    if (byte == '_') return {};
    bool lower = byte >= 'a' && byte <= 'z';
    *out++ = byte == '-' ? '_' : lower ? static_cast<char>(byte - 0x20) : byte;
  }
  return {scratch.data(), len};
}

}  // namespace mortise::http
