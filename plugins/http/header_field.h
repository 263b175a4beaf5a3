// One header line as views into the buffer it was parsed from.
#pragma once

#include <string_view>

#include "known_headers.h"

namespace mortise::http {

constexpr size_t kMaxHeaders = 128;

struct HeaderField {
  std::string_view name;   // a token
  std::string_view value;  // without blanks around it
  HeaderId id = HeaderId::kUnknown;
};

}  // namespace mortise::http
