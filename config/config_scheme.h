// What configuration may name in place of a file, as in @(exec://date +%Y): commands, descriptors, the text
// itself.
#pragma once

#include <optional>
#include <string>

#include "kernel/result.h"

namespace mortise {

// What "exec://COMMAND" writes (by /bin/sh; its status counts only where it could not be run), what can be
// read from "fd://N", the text of "data://TEXT". Nothing: name has none of these schemes.
std::optional<Result<std::string>> read_scheme(const std::string &name, size_t max_bytes);

}  // namespace mortise
