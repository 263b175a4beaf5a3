// Memory shared between the master and the processes that it forks later. Never given back while the server
// runs.
#pragma once

#include <cstddef>
#include <type_traits>

namespace mortise {

// Zeroed, page-aligned. nullptr and errno when the system refuses. [before fork]
void *map_shared(size_t bytes);

// Zeroed array of count objects that need no construction. [before fork]
template <typename T>
T *map_shared_array(size_t count) {
  static_assert(std::is_trivially_copyable_v<T>, "shared memory holds plain data only");
  return static_cast<T *>(map_shared(count * sizeof(T)));
}

}  // namespace mortise
