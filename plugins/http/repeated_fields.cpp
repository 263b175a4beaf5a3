#include "repeated_fields.h"

#include <strings.h>

#include <bitset>

namespace mortise::http {

namespace {

bool same_name(const HeaderField &a, const HeaderField &b) {
  if (a.id != HeaderId::kUnknown || b.id != HeaderId::kUnknown) return a.id == b.id;
  return a.name.size() == b.name.size() && strncasecmp(a.name.data(), b.name.data(), a.name.size()) == 0;
}

// RFC 9113 §8.2.3: cookies are the one field that a comma would spoil.
std::string_view separator_of(const HeaderField &field) {
  return cgi_name_of(field.id) == "HTTP_COOKIE" ? "; " : ", ";
}

}  // namespace

bool has_repeated_fields(std::span<const HeaderField> fields) {
  std::bitset<256> seen;
  const HeaderField *unknown[kMaxHeaders];
  size_t unknown_count = 0;
  for (const HeaderField &field : fields) {
    if (field.id == HeaderId::kUnknown) {
      for (size_t i = 0; i < unknown_count; ++i)
        if (same_name(*unknown[i], field)) return true;
      unknown[unknown_count++] = &field;
    } else if (seen[static_cast<size_t>(field.id)]) {
      return true;
    } else {
      seen[static_cast<size_t>(field.id)] = true;
    }
  }
  return false;
}

bool RepeatedFields::is_repetition(const HeaderField &field) const {
  for (const HeaderField *other = fields_.data(); other != &field; ++other)
    if (same_name(*other, field)) return true;
  return false;
}

template <typename Use>
void RepeatedFields::for_each_of(const HeaderField &field, Use use) const {
  for (const HeaderField *other = &field; other != fields_.data() + fields_.size(); ++other)
    if (same_name(*other, field)) use(other->value);
}

size_t RepeatedFields::joined_bytes(const HeaderField &field) const {
  const size_t separator_bytes = separator_of(field).size();
  size_t bytes = 0;
  for_each_of(field, [&](std::string_view value) { bytes += value.size() + separator_bytes; });
  return bytes - separator_bytes;
}

void RepeatedFields::join(const HeaderField &field, char *out) const {
  const std::string_view separator = separator_of(field);
  bool first = true;
  for_each_of(field, [&](std::string_view value) {
    if (!first) out += separator.copy(out, separator.size());
    out += value.copy(out, value.size());
    first = false;
  });
}

}  // namespace mortise::http
