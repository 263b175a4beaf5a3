#include "kernel/scoreboard.h"

#include <uwsgi.h>

#include <catch2/catch.hpp>

#include "sdk/runtime/shm.h"

using namespace mortise;

namespace {

// The scoreboard belongs to the one `uwsgi` object: what a test changed there is put back.
struct Board {
  uwsgi_server saved = uwsgi;
  Board(int workers, int cores) {
    uwsgi.numproc = workers;
    uwsgi.cores = cores;
    uwsgi.max_apps = 2;
    REQUIRE(create_scoreboard());
  }
  ~Board() { uwsgi = saved; }
};

void run_in_child(void (*body)()) {
  pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  int outcome = -1;
  REQUIRE(waitpid(pid, &outcome, 0) == pid);
  REQUIRE(outcome == 0);
}

}  // namespace

TEST_CASE("each worker has a slot with its cores and apps, and number 0 is the master's") {
  Board board(3, 4);
  for (int id = 0; id <= 3; ++id) {
    uwsgi_worker &worker = uwsgi.workers[id];
    CHECK(worker.id == id);
    CHECK(worker.pid == 0);
    CHECK(worker.signal_pipe[0] == -1);
    worker.cores[3].requests = 100 + static_cast<uint64_t>(id);
    worker.apps[1].requests = 200 + static_cast<uint64_t>(id);
  }
  CHECK(uwsgi.workers[1].cores[3].requests == 101);
  CHECK(uwsgi.workers[2].apps[1].requests == 202);
}

TEST_CASE("what a worker writes to the scoreboard is seen by the others") {
  Board board(1, 2);
  CHECK(uwsgi_worker_is_busy(1) == 0);
  run_in_child([] { uwsgi.workers[1].cores[1].in_request = 1; });
  CHECK(uwsgi_worker_is_busy(1) == 1);
}

TEST_CASE("a worker that is not there is not busy") {
  Board board(1, 1);
  CHECK(uwsgi_worker_is_busy(0) == 0);
  CHECK(uwsgi_worker_is_busy(2) == 0);
  CHECK(uwsgi_worker_is_busy(-1) == 0);
  record_spawn(2, 10);
  record_ready(-1, 10);
  record_exit(100, 10);
}

TEST_CASE("a worker that is faster than its master has its slot") {
  Board board(1, 1);
  record_start(1, 10);
  CHECK(uwsgi.workers[1].pid == 10);
  record_spawn(1, 10);
  CHECK(uwsgi.workers[1].pid == 10);
  record_start(1, 11);  // a replacement
  CHECK(uwsgi.workers[1].pid == 10);
}

TEST_CASE("a replacement takes the slot when it is ready, and the old process' end does not empty it") {
  Board board(1, 1);
  uwsgi_worker &worker = uwsgi.workers[1];
  record_spawn(1, 10);
  record_ready(1, 10);
  record_spawn(1, 11);
  CHECK(worker.pid == 10);
  CHECK(worker.respawn_count == 2);
  record_ready(1, 11);
  CHECK(worker.pid == 11);
  record_exit(1, 10);
  CHECK(worker.pid == 11);
  CHECK(worker.ready == 1);
  CHECK(worker.last_spawn > 0);
}

TEST_CASE("a worker that died inside a request is not busy any more") {
  Board board(1, 2);
  record_spawn(1, 10);
  uwsgi.workers[1].cores[1].in_request = 1;
  record_exit(1, 10);
  CHECK(uwsgi_worker_is_busy(1) == 0);
  CHECK(uwsgi.workers[1].pid == 0);
  CHECK(uwsgi.workers[1].ready == 0);
}

TEST_CASE("shared memory is zeroed, and a size that no system has is refused") {
  auto *numbers = map_shared_array<uint64_t>(1000);
  REQUIRE(numbers);
  CHECK(numbers[999] == 0);
  CHECK(map_shared(SIZE_MAX / 2) == nullptr);
  CHECK(uwsgi_calloc_shared(0) != nullptr);
}
