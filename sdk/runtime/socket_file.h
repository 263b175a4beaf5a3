// Whose a UNIX socket's file is, and who may use it.
#pragma once

#include <string>

#include "kernel/result.h"
#include "sdk/runtime/address.h"

namespace mortise {

// owner: "user", "user:group" or ":group"; empty: unchanged. mode: -1: unchanged. [master, before fork]
Result<void> apply_owner_and_mode(const Address &address, const std::string &owner, int mode);

}  // namespace mortise
