// The file that keeps a cache between two lives of the server: mapped into memory, so that what a worker
// writes is in it at once.
#pragma once

#include <cstdint>
#include <string>

#include "settings.h"

namespace mortise::caches {

// Memory of so many bytes with what the file has; null and the error where that fails. A file of another size
// is replaced where store_delete says so. A reloaded server works on a copy in the file's place, as the
// workers of the generation before still write to theirs, and a trial on one that nobody keeps.
void *map_store(const Settings &, uint64_t bytes, std::string *error);

}  // namespace mortise::caches
