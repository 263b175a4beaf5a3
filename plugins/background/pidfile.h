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
// [master] A start ends where one cannot be written before the server serves.
void write_pidfiles(Moment moment);
// [master] A start ends where one that is written when the server serves could not be: workers run by then.
void check_pidfiles();
// [master] All of them once more: another server may have written its own.
void rewrite_pidfiles();
// [master]
void remove_pidfiles();

}  // namespace mortise::background
