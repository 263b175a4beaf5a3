// Locks in shared memory that survive the death of their holder, the section "Locks" of <mortise/api.h>.
// A lock is one robust mutex. A read-write lock is several: a reader holds any one of them, a writer all, so
// that the system gives back what a dead reader or writer held, which pthread_rwlock_t cannot do. As with
// other locks that do not starve writers, a thread must not lock for reading what it holds for reading.
#include <uwsgi.h>

#include <atomic>
#include <new>

#include "kernel/log.h"

namespace {

// That hold a read-write lock at the same time; more of them wait for each other.
constexpr int kReaders = 16;

struct SharedLock {
  int count = 1;                           // of mutexes
  std::atomic<pid_t> writer{0};            // thread that holds all of them
  std::atomic<pid_t> holders[kReaders]{};  // thread that holds each, to find what to unlock
  pthread_mutex_t mutexes[kReaders];
};

SharedLock *shared(uwsgi_lock_item *item) {
  return item ? static_cast<SharedLock *>(item->lock_ptr) : nullptr;
}

uwsgi_lock_item *create(const char *id, int rw) {
  struct Block {
    uwsgi_lock_item item{};
    SharedLock lock;
    char id[64] = "";
  };
  auto *block = new (uwsgi_calloc_shared(sizeof(Block))) Block;
  uwsgi_lock_item *item = &block->item;
  SharedLock *lock = &block->lock;
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  // Locking twice, or unlocking what another thread holds, is reported instead of hanging or corrupting.
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  lock->count = rw ? kReaders : 1;
  for (int i = 0; i < lock->count; ++i) pthread_mutex_init(&lock->mutexes[i], &attributes);
  pthread_mutexattr_destroy(&attributes);
  snprintf(block->id, sizeof block->id, "%s", id ? id : "lock");
  item->id = block->id;
  item->lock_ptr = lock;
  item->rw = rw;
  item->next = uwsgi.registered_locks;
  return uwsgi.registered_locks = item;
}

// Whether the lock function that returned errnum gave us the mutex; after its holder's death it did.
bool obtained(uwsgi_lock_item *item, int i, int errnum) {
  SharedLock *lock = shared(item);
  if (errnum == EOWNERDEAD) {
    pthread_mutex_consistent(&lock->mutexes[i]);
    // A dead reader leaves nothing half done.
    if (lock->writer && lock->writer == lock->holders[i]) {
      lock->writer = 0;
      mortise::log_warning("lock '%s': its holder %d died (released; what it guards may be half written)",
                           item->id, static_cast<int>(item->pid));
      item->pid = 0;
    }
  } else if (errnum != 0) {
    if (errnum != EBUSY)
      mortise::log_error("lock '%s': %s (not locked again)", item->id,
                         errnum == EDEADLK ? "the calling thread holds it already" : strerror(errnum));
    return false;
  }
  lock->holders[i] = gettid();
  return true;
}

bool wait_for(uwsgi_lock_item *item, int i) {
  return obtained(item, i, pthread_mutex_lock(&shared(item)->mutexes[i]));
}

bool try_now(uwsgi_lock_item *item, int i) {
  return obtained(item, i, pthread_mutex_trylock(&shared(item)->mutexes[i]));
}

void release(SharedLock *lock, int i) {
  lock->holders[i] = 0;
  pthread_mutex_unlock(&lock->mutexes[i]);
}

}  // namespace

extern "C" {

uwsgi_lock_item *uwsgi_lock_init(const char *id) {
  return create(id, 0);
}

uwsgi_lock_item *uwsgi_rwlock_init(const char *id) {
  return create(id, 1);
}

void uwsgi_wlock(uwsgi_lock_item *item) {
  SharedLock *lock = shared(item);
  if (!lock) return;
  // Writers take the mutexes in the same order, so that two of them never wait for each other.
  for (int i = 0; i < lock->count; ++i) {
    if (wait_for(item, i)) continue;
    while (--i >= 0) release(lock, i);
    return;
  }
  item->pid = getpid();
  lock->writer = gettid();
}

void uwsgi_rlock(uwsgi_lock_item *item) {
  SharedLock *lock = shared(item);
  if (!lock) return;
  int first = gettid() % lock->count;  // readers spread, and find their mutex again at once
  for (int i = 0; i < lock->count; ++i)
    if (try_now(item, (first + i) % lock->count)) return;
  wait_for(item, first);
}

void uwsgi_rwunlock(uwsgi_lock_item *item) {
  SharedLock *lock = shared(item);
  if (!lock) return;
  pid_t self = gettid();
  if (lock->writer == self) {
    lock->writer = 0;
    item->pid = 0;
    for (int i = lock->count; i-- > 0;) release(lock, i);
    return;
  }
  for (int i = 0; i < lock->count; ++i) {
    int mine = (self + i) % lock->count;
    if (lock->holders[mine] == self) return release(lock, mine);
  }
  mortise::log_error("unlock '%s': the calling thread does not hold it (nothing is unlocked)", item->id);
}

void uwsgi_lock(uwsgi_lock_item *item) {
  uwsgi_wlock(item);
}

void uwsgi_unlock(uwsgi_lock_item *item) {
  uwsgi_rwunlock(item);
}

pid_t uwsgi_lock_check(uwsgi_lock_item *item) {
  SharedLock *lock = shared(item);
  if (!lock) return 0;
  if (!try_now(item, 0)) return item->pid;
  release(lock, 0);
  return 0;
}

}  // extern "C"
