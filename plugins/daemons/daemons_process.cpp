#include "daemons_process.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <deque>

#include "keeper.h"
#include "registry.h"

namespace mortise::daemons {

namespace {

constexpr int64_t kLongestTurnMs = 1'000, kStopTurnMs = 20, kTakeOverTurnMs = 50;
constexpr int64_t kOrphanMercyMs = 400;  // the server has less than a second once its master is dead

int64_t now_ms() {
  return static_cast<int64_t>(uwsgi_monotonic_micros() / 1000);
}

int open_child_signals() {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &children, nullptr);
  return signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

void wait_for(int child_signals, int64_t timeout_ms, bool watch_stop) {
  pollfd events[] = {{child_signals, POLLIN, 0}, {watch_stop ? uwsgi_stop_fd() : -1, POLLIN, 0}};
  poll(events, 2, static_cast<int>(std::clamp<int64_t>(timeout_ms, 0, kLongestTurnMs)));
  signalfd_siginfo info;
  while (read(child_signals, &info, sizeof info) == sizeof info) {
  }
}

// After a reload the process of the generation before still has the daemons, until that generation's workers
// are gone. Both know the name; it goes with the process that has it.
bool take_over() {
  static int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  int len =
      snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "mortise-daemons-%d", uwsgi_master_pid());
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(len));
  return bind(fd, reinterpret_cast<sockaddr *>(&address), size) == 0 || errno == EINVAL;
}

bool orphaned() {
  return getppid() != uwsgi_master_pid();
}

bool is_alive(pid_t pid) {
  return pid > 0 && kill(pid, 0) == 0;
}

class Daemons {
 public:
  Daemons() : child_signals_(open_child_signals()) {}

  void run() {
    while (!uwsgi_stopping() && !take_over()) wait_for(child_signals_, kTakeOverTurnMs, true);
    if (uwsgi_stopping()) return;
    if (uwsgi_generation() > 0) pass_over_this_minute(uwsgi_now());  // the generation before has seen to it
    for (Daemon &daemon : daemons()) keepers_.emplace_back(daemon);
    while (!uwsgi_stopping()) {
      turn();
      int64_t due = now_ms() + kLongestTurnMs;
      for (const Keeper &keeper : keepers_) due = std::min(due, keeper.due_ms());
      wait_for(child_signals_, due - now_ms(), true);
    }
    stop();
  }

 private:
  void turn() {
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
      for (Keeper &keeper : keepers_)
        if (keeper.ended(pid, status, now_ms())) break;
    for (Keeper &keeper : keepers_) keeper.turn(now_ms());
    if (!stopping_daemons_) run_due_jobs(uwsgi_now());
  }

  // Daemons serve the workers to their end. Meanwhile they are kept running.
  void wait_for_workers() {
    std::deque<pid_t> workers;
    for (int wid = 1; wid <= uwsgi.numproc; ++wid) workers.push_back(uwsgi.workers[wid].pid);
    while (!orphaned() && std::any_of(workers.begin(), workers.end(), is_alive)) {
      wait_for(child_signals_, kStopTurnMs, false);
      turn();
    }
  }

  void stop() {
    // The master kills this process when its mercy is over.
    int64_t deadline = now_ms() + uwsgi.reload_mercy * 900LL;
    wait_for_workers();
    if (orphaned()) deadline = now_ms() + kOrphanMercyMs;
    stopping_daemons_ = true;
    for (Keeper &keeper : keepers_) keeper.stop(std::max(deadline, now_ms() + kOrphanMercyMs));
    while (!std::all_of(keepers_.begin(), keepers_.end(),
                        [](const Keeper &keeper) { return keeper.stopped(); })) {
      turn();
      wait_for(child_signals_, kStopTurnMs, false);
    }
  }

  int child_signals_;
  std::deque<Keeper> keepers_;
  bool stopping_daemons_ = false;
};

void run(int, void *) {
  uwsgi_process_ready();
  Daemons().run();
}

}  // namespace

int add_process() {
  if (daemons().empty() && cron_jobs().empty()) return 0;
  uwsgi_process_role role{};
  role.name = "daemons";
  role.instances = 1;
  role.body = run;
  return uwsgi_register_process(&role);
}

}  // namespace mortise::daemons
