#include <uwsgi.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <thread>
#include <vector>

#include "sdk/runtime/shm.h"

namespace {

pid_t start(const std::function<void()> &body) {
  fflush(nullptr);
  pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  return pid;
}

int wait_for_end(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

void run_child(const std::function<void()> &body) {
  wait_for_end(start(body));
}

// Seen by all processes of a test.
std::atomic<int> *shared_counters() {
  return static_cast<std::atomic<int> *>(uwsgi_calloc_shared(4 * sizeof(std::atomic<int>)));
}

void spin_until(const std::function<bool()> &condition) {
  for (int i = 0; i < 5000 && !condition(); ++i) usleep(1000);
}

}  // namespace

TEST_CASE("a lock is held by one process at a time") {
  uwsgi_lock_item *lock = uwsgi_lock_init("counter");
  auto *count = static_cast<int *>(uwsgi_calloc_shared(sizeof(int)));
  std::vector<pid_t> children;
  for (int child = 0; child < 3; ++child)
    children.push_back(start([&] {
      for (int i = 0; i < 2000; ++i) {
        uwsgi_lock(lock);
        *static_cast<volatile int *>(count) = *static_cast<volatile int *>(count) + 1;
        uwsgi_unlock(lock);
      }
    }));
  for (pid_t child : children) wait_for_end(child);
  CHECK(*count == 6000);
}

TEST_CASE("the holder of a lock is known while it is held") {
  uwsgi_lock_item *lock = uwsgi_lock_init("checked");
  CHECK(std::string(lock->id) == "checked");
  CHECK(uwsgi.registered_locks == lock);
  CHECK(uwsgi_lock_check(lock) == 0);
  uwsgi_lock(lock);
  CHECK(lock->pid == getpid());
  pid_t seen = 0;
  std::thread([&] { seen = uwsgi_lock_check(lock); }).join();
  CHECK(seen == getpid());
  uwsgi_unlock(lock);
  CHECK(uwsgi_lock_check(lock) == 0);
}

TEST_CASE("a lock whose holder died is given to the next who asks") {
  uwsgi_lock_item *lock = uwsgi_lock_init("abandoned");
  run_child([&] { uwsgi_lock(lock); });
  CHECK(uwsgi_lock_check(lock) == 0);
  run_child([&] { uwsgi_lock(lock); });
  uwsgi_lock(lock);
  CHECK(lock->pid == getpid());
  uwsgi_unlock(lock);
}

TEST_CASE("readers share a read-write lock and a writer waits for them") {
  uwsgi_lock_item *lock = uwsgi_rwlock_init("shared");
  CHECK(lock->rw == 1);
  auto *counters = shared_counters();
  std::atomic<int> &reading = counters[0], &wrote = counters[1], &leave = counters[2];
  std::vector<pid_t> readers;
  for (int i = 0; i < 3; ++i)
    readers.push_back(start([&] {
      uwsgi_rlock(lock);
      ++reading;
      spin_until([&] { return leave.load() != 0; });
      if (wrote) _exit(1);
      uwsgi_rwunlock(lock);
    }));
  spin_until([&] { return reading == 3; });
  CHECK(reading == 3);
  pid_t writer = start([&] {
    uwsgi_wlock(lock);
    wrote = 1;
    uwsgi_rwunlock(lock);
  });
  CHECK(wrote == 0);
  leave = 1;
  for (pid_t reader : readers) CHECK(wait_for_end(reader) == 0);
  CHECK(wait_for_end(writer) == 0);
  CHECK(wrote == 1);
}

TEST_CASE("a writer excludes readers") {
  uwsgi_lock_item *lock = uwsgi_rwlock_init("written");
  auto *counters = shared_counters();
  uwsgi_wlock(lock);
  pid_t reader = start([&] {
    counters[0] = 1;
    uwsgi_rlock(lock);
    if (counters[1] != 1) _exit(1);
    uwsgi_rwunlock(lock);
  });
  spin_until([&] { return counters[0] == 1; });
  counters[1] = 1;
  uwsgi_rwunlock(lock);
  CHECK(wait_for_end(reader) == 0);
}

TEST_CASE("a read-write lock outlives dead readers and dead writers") {
  uwsgi_lock_item *lock = uwsgi_rwlock_init("rw abandoned");
  for (int i = 0; i < 3; ++i) run_child([&] { uwsgi_rlock(lock); });
  uwsgi_wlock(lock);
  uwsgi_rwunlock(lock);
  run_child([&] { uwsgi_wlock(lock); });
  uwsgi_rlock(lock);
  uwsgi_rwunlock(lock);
  uwsgi_wlock(lock);
  uwsgi_rwunlock(lock);
  CHECK(uwsgi_lock_check(lock) == 0);
}

TEST_CASE("more readers than a read-write lock has places for wait and all get it") {
  uwsgi_lock_item *lock = uwsgi_rwlock_init("crowded");
  std::atomic<int> done{0};
  int guarded = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 40; ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        if (i % 10 == 0) {
          uwsgi_wlock(lock);
          ++guarded;
        } else {
          uwsgi_rlock(lock);
        }
        uwsgi_rwunlock(lock);
      }
      ++done;
    });
  for (std::thread &thread : threads) thread.join();
  CHECK(done == 40);
  CHECK(guarded == 200);
}

TEST_CASE("locking twice and unlocking what is not held are reported and change nothing") {
  uwsgi_lock_item *lock = uwsgi_lock_init("misused");
  uwsgi_unlock(lock);
  uwsgi_lock(lock);
  uwsgi_lock(lock);
  std::thread([&] { uwsgi_unlock(lock); }).join();
  CHECK(lock->pid == getpid());
  uwsgi_unlock(lock);
  CHECK(uwsgi_lock_check(lock) == 0);
  uwsgi_lock(nullptr);
  uwsgi_unlock(nullptr);
  uwsgi_rlock(nullptr);
  CHECK(uwsgi_lock_check(nullptr) == 0);
}
