#include "kernel/master.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>
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
Supervisor *running = nullptr;
bool was_ready = false;
bool paused = false;

bool add_to_queue(int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  return epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST;
}

// The same in uWSGI's words, for plugins that ask uwsgi.status.
void tell_status(const Supervisor &supervisor) {
  uwsgi.status.gracefully_destroying = supervisor.stopping();
  uwsgi.status.gracefully_reloading = supervisor.reloading() && !supervisor.stopping();
}

void stop(Supervisor &supervisor) {
  uwsgi.status.brutally_destroying = supervisor.stopping();
  supervisor.stop();
}

void handle_signal(Supervisor &supervisor, Signal signal) {
  switch (signal.number) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
      log_info("SIG%s: stopping%s", sigabbrev_np(signal.number), supervisor.stopping() ? " at once" : "");
      stop(supervisor);
      break;
    case SIGHUP:
    case SIGUSR2:  // elsewhere the signal for a new binary; a reload executes what is on the disk anyway
      supervisor.reload(signal.sender);
      break;
    case SIGTSTP:  // of a terminal: what it means to every program
      signal.of_terminal ? void(raise(SIGSTOP)) : uwsgi_pause_workers(!paused);
      break;
    case SIGCHLD:
      supervisor.reap();
      break;
    default:
      break;  // USR1 shall not end the server
  }
}

void handle_event(Supervisor &supervisor, int signal_fd, int fd) {
  if (fd == signal_fd) {
    // Those that wait together, as they do while the next generation starts, are read by their number and
    // not in the order they came in: of SIGTTIN and SIGTTOU only the sum counts.
    int more = 0;
    for (Signal signal; (signal = next_signal(signal_fd)).number;) {
      more += (signal.number == SIGTTIN) - (signal.number == SIGTTOU);
      handle_signal(supervisor, signal);
    }
    for (; more > 0; --more) supervisor.start_worker(0);
    for (; more < 0; ++more) supervisor.retire_worker(0);
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
  block_master_signals();
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

  running = &supervisor;
  supervisor.reap();  // what ended while the program was executed
  supervisor.run_due();
  while (!supervisor.finished()) {
    epoll_event events[kEventsATurn];
    int count = wait_for_events(supervisor, events);
    for (int i = 0; i < count; ++i) handle_event(supervisor, signal_fd->get(), events[i].data.fd);
    supervisor.run_due();
    if (!was_ready && !supervisor.stopping() && supervisor.all_ready()) {
      was_ready = true;
      callbacks.ready();
    }
    tell_status(supervisor);
    callbacks.cycle();
  }
  callbacks.cleanup();
  queue = uwsgi.master_queue = -1;
  running = nullptr;
  log_info("mortise stopped");
  return supervisor.exit_status();
}

}  // namespace mortise

extern "C" {

int uwsgi_master_add_fd(int fd, void (*func)(int fd, void *data), void *data) {
  if (fd < 0 || !func || (mortise::queue >= 0 && !mortise::add_to_queue(fd))) return -1;
  mortise::watches[fd] = {func, data};
  return 0;
}

int uwsgi_server_state(void) {
  if (!mortise::running) return UWSGI_STARTING;
  if (mortise::running->stopping()) return UWSGI_STOPPING;
  if (mortise::running->reloading()) return UWSGI_RELOADING;
  return mortise::was_ready ? UWSGI_SERVING : UWSGI_STARTING;
}

void uwsgi_reload_server(void) {
  kill(uwsgi_master_pid(), SIGHUP);
}

void uwsgi_stop_server(int at_once) {
  if (!mortise::running) return;
  if (at_once && !mortise::running->stopping()) mortise::stop(*mortise::running);
  mortise::stop(*mortise::running);
}

void uwsgi_pause_workers(int pause) {
  if (!mortise::running || mortise::paused == (pause != 0)) return;
  mortise::paused = pause != 0;
  mortise::log_info(pause ? "paused: new connections wait" : "resumed: the workers accept again");
  for (int wid = 1; wid <= uwsgi.numproc; ++wid)
    __atomic_store_n(&uwsgi.workers[wid].suspended, pause ? 1 : 0, __ATOMIC_SEQ_CST);
  for (const auto &process : mortise::running->processes())
    if (process.pid > 0 && process.is_worker()) kill(process.pid, SIGTSTP);
}

int uwsgi_workers_paused(void) {
  return mortise::paused;
}

int uwsgi_start_worker(int wid) {
  return mortise::running ? mortise::running->start_worker(wid) : 0;
}

int uwsgi_retire_worker(int wid) {
  return mortise::running ? mortise::running->retire_worker(wid) : 0;
}

void uwsgi_replace_worker(int wid) {
  if (uwsgi.mypid != uwsgi_master_pid()) return mortise::ask_replacement();
  if (mortise::running) wid ? mortise::running->replace_worker(wid) : mortise::running->replace_workers();
}

}  // extern "C"
