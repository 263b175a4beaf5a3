// One line of configuration, whichever source it came from.
#pragma once

#include <string>

namespace mortise {

struct Directive {
  std::string key;
  std::string value;
  std::string origin;     // "app.ini:12", "command line", "environment"
  bool has_value = true;  // false for a bare key, which switches a flag on
};

}  // namespace mortise
