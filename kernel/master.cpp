#include "kernel/master.h"

#include <uwsgi.h>

#include <sys/epoll.h>

#include <algorithm>
#include <map>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "kernel/signals.h"

namespace mortise {

namespace {

constexpr int64_t kLongestTurnMs = 1'000;
constexpr int kEventsATurn = 64;

struct Watch {
  void (*func)(int fd, void *data);
  void *data;
};
std::map<int, Watch> watches;
int queue = -1;  // while the loop runs

bool add_to_queue(int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  return epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST;
}

void handle_signal(Supervisor &supervisor, int signum) {
  switch (signum) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
      log_info("SIG%s: stopping%s", sigabbrev_np(signum), supervisor.stopping() ? " at once" : "");
      supervisor.stop();
      break;
    case SIGHUP:
      supervisor.reload();
      break;
    case SIGCHLD:
      supervisor.reap();
      break;
    default:
      break;  // USR1 and USR2 shall not end the server
  }
}

void handle_event(Supervisor &supervisor, int signal_fd, int fd) {
  if (fd == signal_fd) {
    while (int signum = next_signal(signal_fd)) handle_signal(supervisor, signum);
  } else if (fd == supervisor.message_fd()) {
    supervisor.read_messages();
  } else if (auto found = watches.find(fd); found != watches.end()) {
    Watch watch = found->second;  // func may register another
    watch.func(fd, watch.data);
  } else {
    // A plugin added it to uwsgi.master_queue by itself; nobody would ever read from it.
    log_error("master: nothing handles descriptor %d (use uwsgi_master_add_fd; not watched any more)", fd);
    epoll_ctl(queue, EPOLL_CTL_DEL, fd, nullptr);
  }
}

int wait_for_events(const Supervisor &supervisor, epoll_event *events) {
  int64_t left_ms = std::clamp<int64_t>(supervisor.next_due_ms() - monotonic_ms(), 0, kLongestTurnMs);
  return std::max(0, epoll_wait(queue, events, kEventsATurn, static_cast<int>(left_ms)));
}

}  // namespace

int run_master(Supervisor &supervisor, const MasterCallbacks &callbacks) {
  block_master_signals();
  Result<Fd> signal_fd = open_master_signals();
  if (!signal_fd) return log_error(signal_fd.error()), signal_fd.error().exit_code;
  Fd owned_queue(epoll_create1(EPOLL_CLOEXEC));
  uwsgi.master_queue = queue = owned_queue.get();
  if (queue < 0 || !add_to_queue(signal_fd->get()) || !add_to_queue(supervisor.message_fd())) {
    log_error(system_error("set up the master's event queue", errno, "raise the limit of open files"));
    return kExitSystem;
  }
  for (const auto &[fd, watch] : watches) add_to_queue(fd);
  supervisor.close_in_child(queue);
  supervisor.close_in_child(signal_fd->get());
  log_info("master (pid %d) started", getpid());

  supervisor.run_due();
  for (bool was_ready = false; !supervisor.finished();) {
    epoll_event events[kEventsATurn];
    int count = wait_for_events(supervisor, events);
    for (int i = 0; i < count; ++i) handle_event(supervisor, signal_fd->get(), events[i].data.fd);
    supervisor.run_due();
    if (!was_ready && !supervisor.stopping() && supervisor.all_ready()) {
      was_ready = true;
      callbacks.ready();
    }
    callbacks.cycle();
  }
  callbacks.cleanup();
  queue = uwsgi.master_queue = -1;
  log_info("mortise stopped");
  return supervisor.exit_status();
}

}  // namespace mortise

extern "C" int uwsgi_master_add_fd(int fd, void (*func)(int fd, void *data), void *data) {
  if (fd < 0 || !func || (mortise::queue >= 0 && !mortise::add_to_queue(fd))) return -1;
  mortise::watches[fd] = {func, data};
  return 0;
}
