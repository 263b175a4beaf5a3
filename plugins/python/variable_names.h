// Names of request variables as str objects: found by their bytes, so that a name costs no allocation and no
// hashing after its first appearance. What a client can invent is kept in a cache of fixed size and never
// interned.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "cpython.h"

namespace mortise::python {

// What is done with a variable besides putting it into environ.
enum class Role : uint8_t { kPlain, kRepeating, kScheme, kIgnored };

struct VariableName {
  PyObject *name = nullptr;   // str, latin-1
  PyObject *value = nullptr;  // the last value of a kRepeating one
  Role role = Role::kPlain;

  bool is(std::string_view text) const {
    return name && static_cast<size_t>(PyUnicode_GET_LENGTH(name)) == text.size() &&
           memcmp(PyUnicode_1BYTE_DATA(name), text.data(), text.size()) == 0;
  }
};

class VariableNames {
 public:
  // Interns the names that servers and browsers use. False with an exception set.
  bool fill();
  // Never null but where memory is exhausted; then an exception is set. Valid until the next call.
  VariableName *find(std::string_view name);

 private:
  static constexpr size_t kSlots = 256;  // a power of two, a few times the number of known names
  std::array<VariableName, kSlots> known_{};
  std::array<VariableName, kSlots> invented_{};
};

}  // namespace mortise::python
