// Booleans and numbers in option values, as operators write them. What is neither is an error, never a silent
// 0.
#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "kernel/result.h"

namespace mortise {

// true, yes, on, a number other than 0 and nothing at all; false, 0, no, off; in any case. The Error names
// the option. A comment after the value ("false #x") is ignored; `commented`, where given, then says how the
// value was read ("lazy-apps = 'false'") and is left alone otherwise.
Result<bool> parse_bool(std::string_view option, std::string_view value, std::string *commented = nullptr);

// What a number may be.
struct Range {
  long least = std::numeric_limits<long>::min(), most = std::numeric_limits<long>::max();
};

// A whole decimal number within the range, which the Error of one beyond it tells. Comments as above.
Result<long> parse_number(std::string_view option, std::string_view value, std::string *commented = nullptr,
                          Range range = {});

// Permission bits as chmod(1) takes them in octal.
Result<int> parse_mode(std::string_view option, std::string_view value);

}  // namespace mortise
