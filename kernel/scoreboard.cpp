#include "kernel/scoreboard.h"

#include <uwsgi.h>

#include <algorithm>
#include <vector>

#include "kernel/fd.h"
#include "sdk/runtime/shm.h"
#include "sdk/runtime/strings.h"

namespace mortise {

namespace {

uwsgi_worker *slot(int wid) {
  return uwsgi.workers && wid > 0 && wid <= uwsgi.numproc ? &uwsgi.workers[wid] : nullptr;
}

// A worker and those it replaces may run at the same time: each process has one of these, its cores and its
// apps.
constexpr size_t kBanks = 4;
struct Banks {
  Fd memory;
  char *begin = nullptr;
  size_t cores_bytes = 0;
  size_t bytes = 0;              // of one bank, whole pages
  std::vector<size_t> latest{};  // by wid: the one of the process that was forked last

  size_t offset(int wid, size_t bank) const { return (static_cast<size_t>(wid) * kBanks + bank) * bytes; }
  uwsgi_core *at(int wid, size_t bank) const {
    return reinterpret_cast<uwsgi_core *>(begin + offset(wid, bank));
  }
  uwsgi_app *apps(int wid, size_t bank) const {
    return reinterpret_cast<uwsgi_app *>(begin + offset(wid, bank) + cores_bytes);
  }
};
Banks banks;

bool create_banks(size_t slots) {
  banks = {};
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  banks.cores_bytes = sizeof(uwsgi_core) * static_cast<size_t>(uwsgi.cores);
  const size_t apps_bytes = sizeof(uwsgi_app) * static_cast<size_t>(uwsgi.max_apps);
  banks.bytes = (banks.cores_bytes + apps_bytes + page - 1) / page * page;
  banks.latest.assign(slots, kBanks - 1);
  const size_t total = banks.offset(static_cast<int>(slots), 0);
  banks.memory.reset(memfd_create("scoreboard", MFD_CLOEXEC));
  if (!banks.memory || ftruncate(banks.memory.get(), static_cast<off_t>(total))) return false;
  void *memory = mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_SHARED, banks.memory.get(), 0);
  banks.begin = static_cast<char *>(memory);
  return memory != MAP_FAILED;
}

// Other processes read what is written here while it is written.
template <typename T>
void publish(T &shared, T value) {
  __atomic_store_n(&shared, value, __ATOMIC_RELAXED);
}

}  // namespace

Result<void> create_scoreboard() {
  auto slots = static_cast<size_t>(uwsgi.numproc) + 1;
  uwsgi.workers = map_shared_array<uwsgi_worker>(slots);
  if (!uwsgi.shared) uwsgi.shared = map_shared_array<uwsgi_shared>(1);
  const bool complete = uwsgi.workers && uwsgi.shared && create_banks(slots);
  for (size_t id = 0; complete && id < slots; ++id) {
    uwsgi_worker &worker = uwsgi.workers[id];
    worker.id = static_cast<int>(id);
    worker.signal_pipe[0] = worker.signal_pipe[1] = -1;
    worker.cores = banks.at(worker.id, 0);
    worker.apps = banks.apps(worker.id, 0);
  }
  if (!complete) {
    return system_error(format_text("map the scoreboard of %d workers", uwsgi.numproc), errno,
                        "ask for fewer processes, threads or max-apps", kExitSystem);
  }
  uwsgi.shared->worker_signal_pipe[0] = uwsgi.shared->worker_signal_pipe[1] = -1;
  return {};
}

Result<void> own_bank(int wid) {
  const size_t mine = (banks.latest[static_cast<size_t>(wid)] + 1) % kBanks;
  constexpr int kEmpty = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;  // zeros that take no memory
  if (fallocate(banks.memory.get(), kEmpty, static_cast<off_t>(banks.offset(wid, mine)),
                static_cast<off_t>(banks.bytes)))
    return system_error(format_text("empty the slot of worker %d", wid), errno, {}, kExitSystem);
  // Whichever bank the slot points to in the eyes of the others, here it is this one.
  for (size_t bank = 0; bank < kBanks; ++bank)
    if (bank != mine && mmap(banks.at(wid, bank), banks.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                             banks.memory.get(), static_cast<off_t>(banks.offset(wid, mine))) == MAP_FAILED)
      return system_error(format_text("map the cores of worker %d", wid), errno, {}, kExitSystem);
  // Not counted down: a predecessor may still use its own by this number; whoever looks finds empty places
  // instead.
  std::copy_n(uwsgi.workers[0].apps, uwsgi.workers[0].apps_cnt, uwsgi.workers[wid].apps);
  return {};
}

void record_cheaped(int wid, bool cheaped) {
  if (uwsgi_worker *worker = slot(wid)) publish(worker->cheaped, cheaped ? 1 : 0);
}

void record_start(int wid, pid_t pid) {
  if (uwsgi_worker *worker = slot(wid); worker && worker->pid == 0) publish(worker->pid, pid);
}

void record_spawn(int wid, pid_t pid) {
  uwsgi_worker *worker = slot(wid);
  if (!worker) return;
  size_t &latest = banks.latest[static_cast<size_t>(wid)];
  latest = (latest + 1) % kBanks;
  publish(worker->respawn_count, worker->respawn_count + 1);
  publish(worker->last_spawn, uwsgi_now());
  record_start(wid, pid);
}

void record_ready(int wid, pid_t pid) {
  uwsgi_worker *worker = slot(wid);
  if (!worker) return;
  const size_t bank = banks.latest[static_cast<size_t>(wid)];
  publish(worker->cores, banks.at(wid, bank));
  publish(worker->apps, banks.apps(wid, bank));
  publish(worker->pid, pid);
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
