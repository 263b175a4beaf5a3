#include "clockwork.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "schedule.h"

namespace mortise::timers {

namespace {

// Live as long as the server.
Registrations *shared = nullptr;
Schedule *schedule = nullptr;
int timer_fd = -1;
int wake_fd = -1;

void arm() {
  const int64_t due_ms = schedule->next_due_ms();
  itimerspec when{};  // zero disarms
  if (due_ms >= 0) {
    when.it_value.tv_sec = due_ms / 1000;
    when.it_value.tv_nsec = due_ms % 1000 * 1000000;
    if (due_ms == 0) when.it_value.tv_nsec = 1;
  }
  timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, nullptr);
}

void turn(int fd, void *) {
  uint64_t count = 0;
  while (read(fd, &count, sizeof count) > 0) {
  }
  const Now now{static_cast<int64_t>(uwsgi_monotonic_micros() / 1000), static_cast<int64_t>(uwsgi_now())};
  schedule->run(now, [](uint8_t signum) { uwsgi_signal_send(uwsgi.signal_socket, signum); });
  arm();
}

}  // namespace

int start_clockwork() {
  if (!uwsgi.master_process) return 0;
  timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (timer_fd < 0 || wake_fd < 0 || uwsgi_master_add_fd(timer_fd, turn, nullptr) ||
      uwsgi_master_add_fd(wake_fd, turn, nullptr)) {
    uwsgi_log("timers: the master cannot watch its clock: %s\n", strerror(errno));
    return -1;
  }
  shared = Registrations::create_shared();
  schedule = new Schedule(*shared);
  return 0;
}

Registrations *registrations() {
  return shared;
}

void wake_master() {
  const uint64_t one = 1;
  ssize_t written = write(wake_fd, &one, sizeof one);
  (void)written;  // fails only where the counter is full: then the master is awake
}

}  // namespace mortise::timers
