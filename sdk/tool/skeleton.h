// mortise plugin new: a folder to begin with.
#pragma once

#include <string>

#include "kernel/result.h"

namespace mortise {

// Makes the folder NAME, in which a plugin of this name is built and tested by `make`; language is "c", "c++"
// or "rust".
Result<void> new_plugin(const std::string &name, const std::string &language);

}  // namespace mortise
