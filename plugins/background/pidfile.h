// Pid files: written at a moment of the start, whole or not at all, removed at the end.
#pragma once

#include <cstdint>

namespace mortise::background {

enum class Moment : intptr_t { kBeforeDrop, kAfterDrop, kServing };
// For an option's data.
inline void *when(Moment moment) {
  return reinterpret_cast<void *>(moment);
}

// Option callback; data: when().
void add_pidfile(char *name, char *path, void *moment);
bool any_pidfile();
// [master] The server ends where one of before the drop cannot be written.
void write_pidfiles(Moment moment);
// [master] All of them once more: another server may have written its own.
void rewrite_pidfiles();
// [master]
void remove_pidfiles();

}  // namespace mortise::background
