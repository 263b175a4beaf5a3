// The hash functions of keys, by uWSGI's names. A cache in a file keeps the hashes, so they never change.
#pragma once

#include "table.h"

namespace mortise::caches {

// Null where there is no such function.
Hash find_hash(const char *name);

}  // namespace mortise::caches
