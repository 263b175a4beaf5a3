#include "kernel/supervisor.h"

#include <uwsgi.h>

#include <algorithm>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "kernel/scoreboard.h"

namespace mortise {

namespace {

// A process that was ready for this long has proven that it can be started: its death is no failure to start.
constexpr int64_t kProvenMs = 100;
// The same for one that never says that it is ready.
constexpr int64_t kProvenSilentMs = 30'000;
// Between two SIGKILLs, should a process survive one in an uninterruptible call.
constexpr int64_t kKillAgainMs = 1'000;

std::string describe_exit(int outcome) {
  if (WIFEXITED(outcome)) return "ended: exit status " + std::to_string(WEXITSTATUS(outcome));
  int signum = WTERMSIG(outcome);
  return "died: signal " + std::to_string(signum) + " (" + strsignal(signum) + ")";
}

}  // namespace

std::string Process::label() const {
  return role->is_worker || role->instances > 1 ? role->name + " " + std::to_string(id) : role->name;
}

std::string Process::who() const {
  return label() + " (pid " + std::to_string(pid) + ")";
}

Result<Supervisor> Supervisor::create(ForkHooks hooks, Mercy mercy) {
  Supervisor supervisor(std::move(hooks), mercy);
  for (Pipe *pipe : {&supervisor.messages_, &supervisor.lifeline_}) {
    Result<Pipe> made = make_pipe(true);
    if (!made) return made.error();
    *pipe = std::move(*made);
  }
  return supervisor;
}

void Supervisor::add_role(Role role) {
  const Role &added = roles_.emplace_back(std::move(role));
  for (int id = 1; id <= added.instances; ++id) processes_.push_back({.role = &added, .id = id});
}

void Supervisor::run_due() {
  for (Process &process : processes_) {
    if (process.due_ms <= monotonic_ms()) handle(process, ProcessEvent::kDue);
  }
  settle();
}

int64_t Supervisor::next_due_ms() const {
  int64_t next = stopping() && !rest_told_ ? rest_due_ms() : Process::kNever;
  for (const Process &process : processes_) next = std::min(next, process.due_ms);
  return next;
}

void Supervisor::read_messages() {
  ChildMessage message;
  while (read(messages_.read_end.get(), &message, sizeof message) == sizeof message) {
    Process *sender = find(message.pid);
    if (!sender) continue;  // died since
    if (message.report == ChildReport::kReady) {
      handle(*sender, ProcessEvent::kReady);
    } else if (!stopping() && !sender->told() && !twin(*sender)) {
      log_info("%s is being replaced on its request", sender->who().c_str());
      successor(*sender);
    }
  }
  settle();
}

void Supervisor::reap() {
  read_messages();  // what a process said before it died comes first
  pid_t pid;
  int outcome;
  while ((pid = waitpid(-1, &outcome, WNOHANG)) > 0) {
    Process *process = find(pid);
    if (!process) continue;  // somebody's whose parent died
    process->outcome = outcome;
    exited(*process);
  }
  settle();
}

void Supervisor::reload() {
  if (stopping()) return;
  if (reload_target_) {
    reload_again_ = true;
    return;
  }
  reload_done_ = 0;
  for (const Process &process : processes_) {
    if (process.role->is_worker && !process.told() && !process.replacement)
      reload_queue_.push_back(process.id);
  }
  log_info("reload: replacing %zu workers, one after another", reload_queue_.size());
  continue_reload();
}

void Supervisor::stop() {
  if (stopping()) {
    log_warning("told to stop again: killing what still runs");
    rest_told_ = true;
    for (Process &process : processes_) handle(process, ProcessEvent::kKill);
  } else {
    stop_began_ms_ = monotonic_ms();
    reload_queue_.clear();
    reload_target_ = nullptr;
    for (Process &process : processes_) {
      if (process.role->stop_first || process.replacement) handle(process, ProcessEvent::kStop);
    }
  }
  settle();
}

bool Supervisor::all_ready() const {
  return std::all_of(processes_.begin(), processes_.end(), [](const Process &process) {
    return !process.role->is_worker || process.told() || process.state == ProcessState::kReady;
  });
}

// What follows from events once they are handled: ended processes go, the second half of a stop begins.
void Supervisor::settle() {
  processes_.remove_if([](const Process &process) { return process.state == ProcessState::kGone; });
  if (!stopping() || rest_told_) return;
  bool first_ones_left = std::any_of(processes_.begin(), processes_.end(),
                                     [](const Process &process) { return process.role->stop_first; });
  if (first_ones_left && monotonic_ms() < rest_due_ms()) return;
  rest_told_ = true;
  for (Process &process : processes_) handle(process, ProcessEvent::kStop);
  settle();
}

// Half of the time is left to the rest when those that stop first take it all.
int64_t Supervisor::rest_due_ms() const {
  return stop_began_ms_ + std::min(mercy_.worker_ms, mercy_.other_ms) / 2;
}

void Supervisor::handle(Process &process, ProcessEvent event) {
  using Action = void (Supervisor::*)(Process &);
  static constexpr Action kActions[] = {nullptr,
                                        nullptr,
                                        &Supervisor::fork_process,
                                        &Supervisor::started,
                                        &Supervisor::retry_later,
                                        &Supervisor::serve,
                                        &Supervisor::respawn,
                                        &Supervisor::forget,
                                        &Supervisor::tell,
                                        &Supervisor::kill_process};
  Transition step = transition(process.state, event);
  if (step.action == ProcessAction::kImpossible) {
    log_error("supervisor: event '%s' for %s, which is %s (ignored; please report it)", name_of(event),
              process.who().c_str(), name_of(process.state));
  }
  process.state = step.next;
  if (event == ProcessEvent::kDue) process.due_ms = Process::kNever;
  if (Action action = kActions[static_cast<int>(step.action)]) (this->*action)(process);
}

void Supervisor::started(Process &process) {
  log_info("%s started", process.who().c_str());
}

void Supervisor::fork_process(Process &process) {
  process.forked_ms = monotonic_ms();
  process.ready_ms = 0;
  Result<Fd> stop_event = make_eventfd();
  process.outcome = errno;
  pid_t child = -1;
  if (stop_event) {
    process.stop_event = std::move(*stop_event);
    pid_t master = getpid();
    hooks_.before();
    fflush(nullptr);  // or the child would write what is buffered once more
    child = fork();
    process.outcome = errno;
    if (child == 0) run_child(process, master);
    hooks_.after_parent();
  }
  if (child < 0) return handle(process, ProcessEvent::kForkFailed);
  process.pid = child;
  if (process.role->is_worker) record_spawn(process.id, child);
  handle(process, ProcessEvent::kForked);
}

void Supervisor::run_child(Process &process, pid_t master) {
  ChildLinks links{master, std::move(process.stop_event), std::move(lifeline_.read_end),
                   std::move(messages_.write_end), mercy_of(process)};
  lifeline_.write_end.reset();
  messages_.read_end.reset();
  for (Process &other : processes_) other.stop_event.reset();
  for (int fd : master_fds_) close(fd);
  uwsgi.mypid = getpid();
  uwsgi.master_queue = -1;
  uwsgi.mywid = process.role->is_worker ? process.id : 0;
  int status = kExitFailure;
  try {
    if (Result<void> entered = enter_child(std::move(links)); !entered) {
      log_error(entered.error());
      status = kExitSystem;
    } else {
      hooks_.after_child();
      status = process.role->body(process.id);
    }
  } catch (const std::exception &exception) {
    process.pid = getpid();
    log_error("%s: uncaught exception: %s (it ends)", process.who().c_str(), exception.what());
  }
  fflush(nullptr);
  _exit(status);
}

void Supervisor::retry_later(Process &process) {
  int64_t wait_ms = respawn_spacing_ms(++process.failures);
  process.due_ms = process.forked_ms + wait_ms;
  log_error("spawn %s: %s (retry in %g s)", process.label().c_str(), strerror(process.outcome),
            static_cast<double>(wait_ms) / 1000);
}

void Supervisor::serve(Process &process) {
  process.ready_ms = monotonic_ms();
  if (process.role->is_worker) {
    any_worker_ready_ = true;
    record_ready(process.id, process.pid);
  }
  if (process.replacement) {
    process.replacement = false;
    if (Process *old = twin(process)) {
      log_info("%s replaces pid %d", process.who().c_str(), old->pid);
      handle(*old, ProcessEvent::kStop);
    }
  }
  if (reload_target_ == &process) {
    ++reload_done_;
    continue_reload();
  }
}

void Supervisor::respawn(Process &process) {
  int64_t now = monotonic_ms();
  bool proven =
      process.ready_ms ? now - process.ready_ms >= kProvenMs : now - process.forked_ms >= kProvenSilentMs;
  process.failures = proven ? 0 : process.failures + 1;
  // One that did start may come back at once the first time. One that cannot waits from its death on: its
  // start may have cost a lot.
  int64_t earliest = process.ready_ms ? process.forked_ms + respawn_spacing_ms(process.failures - 1)
                                      : now + respawn_spacing_ms(process.failures);
  process.due_ms = std::max(now, earliest);
  process.stop_event.reset();
  std::string wait;
  if (process.due_ms > now) wait = " in " + std::to_string(process.due_ms - now) + " ms";
  log_error("%s %s (respawning%s)", process.who().c_str(), describe_exit(process.outcome).c_str(),
            wait.c_str());
  process.pid = 0;
}

void Supervisor::forget(Process &process) {
  if (process.outcome == 0 || (WIFSIGNALED(process.outcome) && WTERMSIG(process.outcome) == SIGTERM)) {
    log_info("%s stopped", process.who().c_str());
  } else {
    log_error("%s %s", process.who().c_str(), describe_exit(process.outcome).c_str());
  }
  process.pid = 0;
}

void Supervisor::tell(Process &process) {
  int64_t from = stopping() ? stop_began_ms_ : monotonic_ms();
  bool unready = process.role->is_worker && process.ready_ms == 0;
  process.due_ms = from + (unready ? kUnreadyMercyMs : mercy_of(process));
  // The event reaches a process whose app took SIGTERM for itself, the signal one that knows of no event.
  uint64_t one = 1;
  ssize_t written = write(process.stop_event.get(), &one, sizeof one);
  (void)written;
  kill(process.pid, SIGTERM);
}

void Supervisor::kill_process(Process &process) {
  log_warning("%s still runs: killing it", process.who().c_str());
  process.due_ms = monotonic_ms() + kKillAgainMs;
  kill(process.pid, SIGKILL);
}

void Supervisor::exited(Process &process) {
  bool was_starting = process.state == ProcessState::kStarting;
  bool is_worker = process.role->is_worker;
  bool hopeless = is_worker && was_starting && !any_worker_ready_ && !stopping();
  if (is_worker) record_exit(process.id, process.pid);
  std::string cause = process.who() + " " + describe_exit(process.outcome);
  int status = WIFEXITED(process.outcome) ? WEXITSTATUS(process.outcome) : kExitFailure;
  Process *survivor = twin(process);
  handle(process, survivor || hopeless ? ProcessEvent::kExitedForGood : ProcessEvent::kExited);
  if (survivor) survivor->replacement = false;
  if (hopeless) give_up(cause, status == 0 ? kExitNoApp : status);
  if (was_starting && reload_target_ == &process) end_reload(cause);
}

Process *Supervisor::find(pid_t pid) {
  auto found =
      std::find_if(processes_.begin(), processes_.end(), [&](Process &each) { return each.pid == pid; });
  return found == processes_.end() ? nullptr : &*found;
}

// The other process for the same place, where one replaces the other.
Process *Supervisor::twin(const Process &process) {
  auto found = std::find_if(processes_.begin(), processes_.end(), [&](Process &other) {
    return &other != &process && other.role == process.role && other.id == process.id && !other.told();
  });
  return found == processes_.end() ? nullptr : &*found;
}

Process &Supervisor::successor(const Process &process) {
  if (Process *already = twin(process)) return *already;
  return processes_.emplace_back(Process{.role = process.role, .id = process.id, .replacement = true});
}

void Supervisor::give_up(const std::string &cause, int status) {
  const char *hint = status == kExitNoApp ? "; to start without an application, set need-app = false" : "";
  log_error("no worker could load the application: %s (see the messages above%s)", cause.c_str(), hint);
  exit_status_ = status;
  mercy_ = {kUnreadyMercyMs, kUnreadyMercyMs};  // nothing is worth waiting for
  stop_began_ms_ = monotonic_ms();
  rest_told_ = true;
  for (Process &process : processes_) handle(process, ProcessEvent::kStop);
}

// The workers that are left, until one has to be waited for.
void Supervisor::continue_reload() {
  reload_target_ = nullptr;
  while (!reload_target_ && !reload_queue_.empty()) {
    int id = reload_queue_.front();
    reload_queue_.pop_front();
    for (Process &process : processes_) {
      if (!process.role->is_worker || process.id != id || process.told() || process.replacement) continue;
      if (process.state == ProcessState::kWaiting) {  // there is none that could serve meanwhile
        process.due_ms = 0;
        reload_target_ = &process;
      } else {
        reload_target_ = &successor(process);
      }
      break;
    }
  }
  if (!reload_target_) end_reload("");
}

void Supervisor::end_reload(const std::string &failure) {
  reload_target_ = nullptr;
  if (failure.empty()) {
    log_info("reload done: %d workers replaced", reload_done_);
  } else {
    log_error("reload failed after %d workers: %s (see the messages above; the old processes go on)",
              reload_done_, failure.c_str());
  }
  reload_queue_.clear();
  if (std::exchange(reload_again_, false)) reload();
}

}  // namespace mortise
