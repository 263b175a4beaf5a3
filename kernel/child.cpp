#include "kernel/child.h"

#include <uwsgi.h>

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <atomic>

#include "kernel/signals.h"

namespace mortise {

namespace {

struct Self {
  pid_t pid = 0;  // of the process that entered; a process forked by it has another one
  ChildLinks links;
  Fd stop_fd;  // an epoll of the stop event and the lifeline
  std::atomic<bool> stop{false};
  std::atomic<bool> said_ready{false};
  std::atomic<void (*)()> on_pause{nullptr};
  timer_t end;  // SIGKILL for this process: an application may catch the others
};
// Never destroyed: the handler may run while exit() is under way.
Self &self = *new Self;

// write(2) and no more: handlers call these.
void request_stop_async_safe() {
  self.stop = true;
  uint64_t one = 1;
  ssize_t written = write(self.links.stop_event.get(), &one, sizeof one);
  (void)written;  // a full counter is readable, too
}

void report_async_safe(ChildReport report) {
  ChildMessage message{self.pid, report};
  ssize_t written = write(self.links.messages.get(), &message, sizeof message);
  (void)written;  // fails when there is no master to read it
}

// With the master dead nobody else would end a process that hangs.
void arm_end_async_safe() {
  int64_t left_ms = std::max<int64_t>(self.said_ready ? self.links.orphan_ms : kUnreadyMercyMs, 1);
  itimerspec limit{};
  limit.it_value = {left_ms / 1000, left_ms % 1000 * 1'000'000};
  timer_settime(self.end, 0, &limit, nullptr);
}

void obey_async_safe() {
  request_stop_async_safe();
  if (self.links.master != 0 && getppid() != self.links.master) arm_end_async_safe();
}

// The death signal of the parent carries the parent's pid, like a signal that it sent.
bool obeyed(const siginfo_t &info) {
  pid_t master = self.links.master;
  return master == 0 || (info.si_code <= SI_USER && info.si_pid == master) || getppid() != master;
}

void on_signal(int signum, siginfo_t *info, void *) {
  int saved = errno;
  if (getpid() != self.pid) {
    default_signal_async_safe(signum);  // a process that the app forked has our handlers and no use for them
  } else if (self.links.master == 0 && self.stop) {
    default_signal_async_safe(signum);  // nobody else would end a process that does not finish
  } else if (signum == SIGINT && self.links.master != 0) {
    // Ctrl-C reaches the whole foreground group; the master is in it.
  } else if (signum == SIGTSTP) {
    if (info->si_code == SI_KERNEL) raise(SIGSTOP);  // Ctrl-Z: as the master, and the rest of the group
    if (auto pause = self.on_pause.load(); pause && obeyed(*info)) pause();
  } else if (obeyed(*info)) {
    obey_async_safe();
  } else {
    report_async_safe(ChildReport::kReplaceMe);
  }
  errno = saved;
}

Result<Fd> watch_stop() {
  Fd queue(epoll_create1(EPOLL_CLOEXEC));
  if (!queue) return system_error("epoll_create1", errno, "raise the limit of open files", kExitSystem);
  for (int fd : {self.links.stop_event.get(), self.links.lifeline.get()}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (fd >= 0 && epoll_ctl(queue.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return system_error("watch the stop descriptor", errno, "", kExitSystem);
    }
  }
  return queue;
}

}  // namespace

Result<void> enter_child(ChildLinks links) {
  self.pid = getpid();
  self.links = std::move(links);
  self.stop = self.said_ready = false;
  self.on_pause = nullptr;
  if (!self.links.stop_event) {
    Result<Fd> event = make_eventfd();
    if (!event) return event.error();
    self.links.stop_event = std::move(*event);
  }
  Result<Fd> queue = watch_stop();
  if (!queue) return queue.error();
  self.stop_fd = std::move(*queue);
  sigevent killing{};
  killing.sigev_notify = SIGEV_SIGNAL;
  killing.sigev_signo = SIGKILL;
  if (timer_create(CLOCK_MONOTONIC, &killing, &self.end))
    return system_error("timer_create", errno, "raise the limit of pending signals", kExitSystem);
  take_child_signals(on_signal);
  if (self.links.master != 0) {
    // Forgotten by the system when the process changes its user; the lifeline is not.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != self.links.master) obey_async_safe();  // died before the line above
  }
  return {};
}

bool stop_requested() {
  return self.stop.load(std::memory_order_relaxed);
}

// Not by getppid(): a dying process closes its descriptors first and gives its children away later.
bool orphaned() {
  pollfd lifeline{self.links.lifeline.get(), POLLIN, 0};
  return self.links.master != 0 && poll(&lifeline, 1, 0) > 0;
}

void on_pause_async_safe(void (*func)()) {
  self.on_pause = func;
}

void ask_replacement() {
  report_async_safe(ChildReport::kReplaceMe);
}

}  // namespace mortise

using mortise::self;

extern "C" {

void uwsgi_process_ready(void) {
  if (!self.said_ready.exchange(true)) mortise::report_async_safe(mortise::ChildReport::kReady);
}

int uwsgi_stop_fd(void) {
  return self.stop_fd.get();
}

int uwsgi_stopping(void) {
  if (!self.stop && self.stop_fd) {
    pollfd waiting{self.stop_fd.get(), POLLIN, 0};
    if (poll(&waiting, 1, 0) > 0) self.stop = true;
  }
  return self.stop;
}

pid_t uwsgi_master_pid(void) {
  return self.links.master ? self.links.master : getpid();
}

}  // extern "C"
