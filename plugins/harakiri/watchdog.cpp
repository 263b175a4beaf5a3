#include "watchdog.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "answer.h"
#include "deadlines.h"
#include "options.h"
#include "stack.h"

namespace mortise::harakiri {

namespace {

constexpr int64_t kOtherRequestsMs = 30'000;
constexpr int kLookWhileEndingMs = 20;
int wake_fd = -1;

class Watchdog {
 public:
  [[noreturn]] void run() {
    for (;;) {
      uint64_t now = now_us(), next_us = now + longest_wait_us();
      for (int core = 0; core < uwsgi.cores; ++core) {
        Deadline deadline = deadline_of(uwsgi.mywid, core);
        if (!deadline.due_us || hangs_[static_cast<size_t>(core)] == deadline.request_us) continue;
        if (now < deadline.due_us)
          next_us = std::min(next_us, deadline.due_us);
        else if (queue_is_long())
          take_action(core, deadline, now);
      }
      if (end_at_us_ && may_end(now)) kill(getpid(), SIGKILL);
      wait_until(end_at_us_ ? now + kLookWhileEndingMs * 1000 : next_us);
    }
  }

 private:
  // A request that begins now is not overdue before that.
  static uint64_t longest_wait_us() {
    return uwsgi.harakiri_options.workers ? static_cast<uint64_t>(uwsgi.harakiri_options.workers) * 1'000'000
                                          : 3'600'000'000;
  }

  static bool queue_is_long() {
    return options.queue_threshold == 0 ||
           uwsgi.shared->backlog > static_cast<uint64_t>(options.queue_threshold);
  }

  void take_action(int core, const Deadline &deadline, uint64_t now) {
    hangs_[static_cast<size_t>(core)] = deadline.request_us;
    __atomic_add_fetch(&uwsgi.workers[uwsgi.mywid].harakiri_count, 1, __ATOMIC_RELAXED);
    wsgi_request *request = request_of(core);
    log_request_and_stack(request, core, static_cast<double>(now - deadline.began_us) / 1e6);
    answer_504(request);
    if (end_at_us_) return;
    tell_hooks_in_master();
    end_at_us_ = now + static_cast<uint64_t>(bound_ms()) * 1000;
    if (uwsgi.cores > 1) uwsgi_replace_worker(uwsgi.mywid);
    if (options.graceful_signal) kill(getpid(), options.graceful_signal);
  }

  // The others have finished, and a successor serves; or the bound has come.
  bool may_end(uint64_t now) const {
    if (now >= end_at_us_) return true;
    for (int core = 0; core < uwsgi.cores; ++core) {
      uint64_t request_us = deadline_of(uwsgi.mywid, core).request_us;
      if (request_us && request_us != hangs_[static_cast<size_t>(core)]) return false;
    }
    // An application that handles a signal may end by itself.
    return (uwsgi.cores == 1 && !options.graceful_signal) || uwsgi_stopping();
  }

  static void wait_until(uint64_t when_us) {
    const uint64_t now = now_us(), left_ms = when_us > now ? (when_us - now + 999) / 1000 : 0;
    pollfd waiting{wake_fd, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(left_ms)) > 0) {
      uint64_t count;
      [[maybe_unused]] ssize_t ignored = read(wake_fd, &count, sizeof count);
    }
  }

  std::vector<uint64_t> hangs_ =
      std::vector<uint64_t>(static_cast<size_t>(uwsgi.cores));  // request_started_us
  uint64_t end_at_us_ = 0;
};

void start_thread() {
  static bool started = false;
  if (started) return;
  started = true;
  prepare_stacks();
  wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  try {
    std::thread([] {
      prctl(PR_SET_NAME, "harakiri");
      Watchdog().run();
    }).detach();
  } catch (const std::system_error &error) {
    uwsgi_log("error: harakiri: start its thread: %s (only the master enforces it in worker %d)\n",
              error.what(), uwsgi.mywid);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

int64_t bound_ms() {
  if (uwsgi.cores == 1 && !options.graceful_signal) return 0;
  if (options.graceful_seconds) return options.graceful_seconds * 1000LL;
  return std::min<int64_t>(uwsgi.worker_reload_mercy * 1000LL, kOtherRequestsMs);
}

void start_watchdog() {
  if (uwsgi.mywid > 0 && uwsgi_generation() >= 0 && uwsgi.harakiri_options.workers > 0) start_thread();
}

void wake_watchdog() {
  start_thread();
  uint64_t one = 1;
  [[maybe_unused]] ssize_t ignored = write(wake_fd, &one, sizeof one);
}

}  // namespace mortise::harakiri
