#include "kernel/scoreboard.h"

#include <uwsgi.h>

#include "kernel/shm.h"

namespace mortise {

namespace {

uwsgi_worker *slot(int wid) {
  return uwsgi.workers && wid > 0 && wid <= uwsgi.numproc ? &uwsgi.workers[wid] : nullptr;
}

// Other processes read what is written here while it is written.
template <typename T>
void publish(T &shared, T value) {
  __atomic_store_n(&shared, value, __ATOMIC_RELAXED);
}

}  // namespace

Result<void> create_scoreboard() {
  auto slots = static_cast<size_t>(uwsgi.numproc) + 1;
  auto cores = static_cast<size_t>(uwsgi.cores);
  auto apps = static_cast<size_t>(uwsgi.max_apps);
  // One mapping for each kind, and one for each worker's cores, so that no two workers write to the same
  // cache line.
  uwsgi.workers = map_shared_array<uwsgi_worker>(slots);
  uwsgi.shared = map_shared_array<uwsgi_shared>(1);
  bool complete = uwsgi.workers && uwsgi.shared;
  for (size_t id = 0; complete && id < slots; ++id) {
    uwsgi_worker &worker = uwsgi.workers[id];
    worker.id = static_cast<int>(id);
    worker.signal_pipe[0] = worker.signal_pipe[1] = -1;
    worker.apps = map_shared_array<uwsgi_app>(apps);  // pages of its own, see own_apps()
    worker.cores = map_shared_array<uwsgi_core>(cores);
    complete = worker.apps && worker.cores;
  }
  if (!complete) {
    return system_error("map the scoreboard of " + std::to_string(uwsgi.numproc) + " workers", errno,
                        "ask for fewer processes, threads or max-apps", kExitSystem);
  }
  uwsgi.shared->worker_signal_pipe[0] = uwsgi.shared->worker_signal_pipe[1] = -1;
  return {};
}

void record_spawn(int wid, pid_t pid) {
  uwsgi_worker *worker = slot(wid);
  if (!worker) return;
  publish(worker->respawn_count, worker->respawn_count + 1);
  publish(worker->last_spawn, uwsgi_now());
  if (worker->pid == 0)
    publish(worker->pid, pid);  // else it is a replacement, whose turn is when it is ready
}

void record_ready(int wid, pid_t pid) {
  uwsgi_worker *worker = slot(wid);
  if (!worker) return;
  publish(worker->pid, pid);
  publish(worker->delta_requests, uint64_t{0});
  publish(worker->ready, 1);
}

void record_exit(int wid, pid_t pid) {
  uwsgi_worker *worker = slot(wid);
  if (!worker || worker->pid != pid) return;
  publish(worker->pid, 0);
  publish(worker->ready, 0);
  for (int core = 0; core < uwsgi.cores; ++core) {
    publish(worker->cores[core].in_request, 0);  // it may have died inside one
    publish(worker->cores[core].request_started_us, uint64_t{0});
  }
}

}  // namespace mortise

extern "C" int uwsgi_worker_is_busy(int wid) {
  uwsgi_worker *worker = mortise::slot(wid);
  if (!worker) return 0;
  for (int core = 0; core < uwsgi.cores; ++core) {
    if (__atomic_load_n(&worker->cores[core].in_request, __ATOMIC_RELAXED)) return 1;
  }
  return 0;
}
