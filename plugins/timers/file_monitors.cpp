#include "file_monitors.h"

#include <uwsgi.h>

#include <atomic>
#include <cstring>

namespace mortise::timers {

namespace {

struct Monitor {
  char path[512];
  uint8_t signum;
};

struct Monitors {
  static constexpr uint32_t kCapacity = 64;
  std::atomic<uint32_t> count;
  Monitor entries[kCapacity];
};

// What a change is seen by; all zero for a file that is not there.
struct Sight {
  ino_t inode;
  off_t size;
  timespec changed;
  bool known;
  bool differs(const Sight &other) const {
    return inode != other.inode || size != other.size || changed.tv_sec != other.changed.tv_sec ||
           changed.tv_nsec != other.changed.tv_nsec;
  }
};

Monitors *shared;
uwsgi_lock_item *lock;
Sight last_seen[Monitors::kCapacity];  // the master's

Sight sight_of(const char *path) {
  struct stat info;
  if (stat(path, &info)) return {0, 0, {}, true};
  return {info.st_ino, info.st_size, info.st_mtim, true};
}

}  // namespace

void create_file_monitors() {
  shared = static_cast<Monitors *>(uwsgi_calloc_shared(sizeof(Monitors)));
  lock = uwsgi_lock_init("file monitors");
}

void look_at_files() {
  const uint32_t count = shared ? shared->count.load(std::memory_order_acquire) : 0;
  for (uint32_t i = 0; i < count; ++i) {
    const Sight now = sight_of(shared->entries[i].path);
    const bool changed = last_seen[i].known && now.differs(last_seen[i]);
    last_seen[i] = now;
    if (changed) uwsgi_signal_send(uwsgi.signal_socket, shared->entries[i].signum);
  }
}

}  // namespace mortise::timers

using namespace mortise::timers;

// The same file and signal, as each worker adds it, changes nothing.
extern "C" int uwsgi_add_file_monitor(uint8_t signum, char *path) {
  if (!shared || strlen(path) >= sizeof Monitor::path) {
    uwsgi_log("file monitor '%s' not added: %s\n", path,
              shared ? "its path is too long" : "there is no master");
    return -1;
  }
  uwsgi_lock(lock);
  const uint32_t count = shared->count.load(std::memory_order_relaxed);
  uint32_t at = 0;
  while (at < count && (shared->entries[at].signum != signum || strcmp(shared->entries[at].path, path) != 0))
    ++at;
  const bool fits = at < Monitors::kCapacity;
  if (at == count && fits) {
    shared->entries[at].signum = signum;
    strcpy(shared->entries[at].path, path);
    shared->count.store(count + 1, std::memory_order_release);
  }
  uwsgi_unlock(lock);
  if (!fits) uwsgi_log("file monitor '%s' not added: there are %u already\n", path, Monitors::kCapacity);
  return fits ? 0 : -1;
}
