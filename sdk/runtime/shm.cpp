#include "sdk/runtime/shm.h"

#include <uwsgi.h>

#include "kernel/log.h"

namespace mortise {

void *map_shared(size_t bytes) {
  if (bytes == 0) bytes = 1;
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace mortise

extern "C" {

void *uwsgi_calloc_shared(size_t size) {
  void *memory = mortise::map_shared(size);
  if (memory) return memory;
  mortise::log_error(mortise::system_error("map " + std::to_string(size) + " bytes of shared memory", errno,
                                           "free memory, or ask for less of it"));
  exit(mortise::kExitSystem);
}

void *uwsgi_malloc_shared(size_t size) {
  return uwsgi_calloc_shared(size);
}

}  // extern "C"
