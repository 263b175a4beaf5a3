#include "deadlines.h"

#include <uwsgi.h>

#include <sys/eventfd.h>

#include <algorithm>

#include "options.h"
#include "steady_time.h"
#include "watchdog.h"

namespace mortise::harakiri {

namespace {

// What the watchdog may be late before the master takes over.
constexpr uint64_t kLateUs = 2'000'000;

// What a request asked for; it counts as long as that request is served.
struct Wish {
  uint64_t request_us;  // request_started_us of the request
  uint64_t due_us;      // monotonic; 0: never
};
Wish *wishes = nullptr;
int *hangs = nullptr;  // of each worker: its watchdog has acted, and the hooks of plugins were not called yet
int hang_fd = -1;
void (*sample_listen_queues)() = nullptr;

Wish &wish_of(int wid, int core) {
  return wishes[wid * uwsgi.cores + core];
}

SteadyTime &clock() {
  static SteadyTime own(uwsgi_micros, uwsgi_monotonic_micros);
  return own;
}

uint64_t load(const uint64_t &shared) {
  return __atomic_load_n(&shared, __ATOMIC_RELAXED);
}

void wish(int seconds) {
  const wsgi_request *request = uwsgi.current_wsgi_req ? current_wsgi_req() : nullptr;
  if (!wishes || uwsgi.mywid <= 0 || !request) return;
  const int core = request->async_id;
  Wish &mine = wish_of(uwsgi.mywid, core);
  uint64_t due_us = seconds > 0 ? uwsgi_monotonic_micros() + static_cast<uint64_t>(seconds) * 1'000'000 : 0;
  __atomic_store_n(&mine.due_us, due_us, __ATOMIC_RELAXED);
  __atomic_store_n(&mine.request_us, load(uwsgi.workers[uwsgi.mywid].cores[core].request_started_us),
                   __ATOMIC_RELEASE);
  wake_watchdog();
}

template <typename Do>
void each_hook(Do call) {
  for (auto *table : {uwsgi.p, uwsgi.gp})
    for (int i = 0; i < 256; ++i)
      if (table[i] && table[i]->harakiri) call(table[i]->harakiri);
}

bool any_hook() {
  bool any = false;
  each_hook([&](auto) { any = true; });
  return any && hangs;
}

void call_hooks(int wid) {
  each_hook([&](void (*hook)(int)) { hook(wid); });
}

// A watchdog has acted, and waits for a moment before it ends its worker.
void hear_of_hangs(int fd, void *) {
  uint64_t count;
  if (read(fd, &count, sizeof count) < 0) return;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) {
    if (!__atomic_load_n(&hangs[wid], __ATOMIC_ACQUIRE)) continue;
    call_hooks(wid);
    __atomic_store_n(&hangs[wid], 0, __ATOMIC_RELEASE);
  }
}

}  // namespace

void create_deadlines() {
  if (options.queue_threshold && uwsgi_load_plugin("metrics") == 0)
    sample_listen_queues = reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "uwsgi_sample_listen_queues"));
  wishes = static_cast<Wish *>(uwsgi_calloc_shared(sizeof(Wish) * static_cast<size_t>(uwsgi.numproc + 1) *
                                                   static_cast<size_t>(uwsgi.cores)));
  hangs = static_cast<int *>(uwsgi_calloc_shared(sizeof(int) * static_cast<size_t>(uwsgi.numproc + 1)));
  hang_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (uwsgi_master_add_fd(hang_fd, hear_of_hangs, nullptr))
    uwsgi_log("error: harakiri: the master's events: %s (hooks harakiri are not called)\n", strerror(errno));
}

uint64_t now_us() {
  return clock().now();
}

Deadline deadline_of(int wid, int core) {
  uint64_t request_us = load(uwsgi.workers[wid].cores[core].request_started_us);
  if (request_us == 0) return {};
  const uint64_t began_us = clock().of(request_us);
  const Wish &asked = wish_of(wid, core);
  if (__atomic_load_n(&asked.request_us, __ATOMIC_ACQUIRE) == request_us)
    return {load(asked.due_us), began_us, request_us};
  auto limit_us = static_cast<uint64_t>(uwsgi.harakiri_options.workers) * 1'000'000;
  return {limit_us ? began_us + limit_us : 0, began_us, request_us};
}

void tell_hooks_in_master() {
  if (!any_hook()) return;
  constexpr int kPatienceMs = 200;  // for a master that is busy
  int &told = hangs[uwsgi.mywid];
  __atomic_store_n(&told, 1, __ATOMIC_RELEASE);
  const uint64_t one = 1;
  if (write(hang_fd, &one, sizeof one) != sizeof one) return;
  for (int ms = 0; ms < kPatienceMs && __atomic_load_n(&told, __ATOMIC_ACQUIRE); ++ms) poll(nullptr, 0, 1);
}

void kill_overdue_workers() {
  if (!wishes || !uwsgi.workers) return;
  if (sample_listen_queues) sample_listen_queues();
  const uint64_t now = now_us();
  const auto bound_us = static_cast<uint64_t>(bound_ms()) * 1000 + kLateUs;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) {
    const pid_t pid = uwsgi.workers[wid].pid;
    for (int core = 0; pid > 0 && core < uwsgi.cores; ++core) {
      Deadline deadline = deadline_of(wid, core);
      if (!deadline.due_us || now < deadline.due_us + bound_us) continue;
      uwsgi_log("harakiri: worker %d (pid %d) does not end by itself: killing it\n", wid, pid);
      call_hooks(wid);
      kill(pid, SIGKILL);
      break;
    }
  }
}

}  // namespace mortise::harakiri

extern "C" {

__attribute__((visibility("default"))) void set_harakiri(int seconds) {
  mortise::harakiri::wish(seconds);
}

__attribute__((visibility("default"))) void set_user_harakiri(int seconds) {
  mortise::harakiri::wish(seconds);
}

}  // extern "C"
