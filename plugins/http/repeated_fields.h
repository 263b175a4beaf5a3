// Header lines with the same name, whose values are one list (RFC 9110 §5.3): found cheaply, joined on
// demand.
#pragma once

#include <span>

#include "header_field.h"

namespace mortise::http {

// False for nearly every request; then there is nothing to join.
bool has_repeated_fields(std::span<const HeaderField> fields);

class RepeatedFields {
 public:
  explicit RepeatedFields(std::span<const HeaderField> fields) : fields_(fields) {}

  // Whether an earlier line, of the same head, has this one's name.
  bool is_repetition(const HeaderField &field) const;
  // Bytes of the values of this line and of all later ones of its name, joined.
  size_t joined_bytes(const HeaderField &field) const;
  void join(const HeaderField &field, char *out) const;

 private:
  template <typename Use>
  void for_each_of(const HeaderField &field, Use use) const;
  std::span<const HeaderField> fields_;
};

}  // namespace mortise::http
