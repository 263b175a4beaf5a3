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
// Nothing is worth waiting for when no worker could be started.
constexpr int64_t kGiveUpMercyMs = 500;

std::string describe_exit(int outcome) {
  if (WIFEXITED(outcome)) return "ended: exit status " + std::to_string(WEXITSTATUS(outcome));
  int signum = WTERMSIG(outcome);
  return "died: signal " + std::to_string(signum) + " (" + strsignal(signum) + ")";
}

void call(const std::function<void()> &hook) {
  if (hook) hook();
}

}  // namespace

std::string Process::label() const {
  return role->is_worker || role->instances > 1 ? role->name + " " + std::to_string(id) : role->name;
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

// ---- Events
// ------------------------------------------------------------------------------------------------------

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
    auto sender = std::find_if(processes_.begin(), processes_.end(),
                               [&](const Process &process) { return process.pid == message.pid; });
    if (sender == processes_.end()) continue;  // died since
    if (message.report == ChildReport::kReady) {
      handle(*sender, ProcessEvent::kReady);
    } else if (!stopping() && !sender->told() && replace(*sender)) {
      log_info("%s (pid %d) is being replaced on its request", sender->label().c_str(), sender->pid);
    }
  }
  settle();
}

void Supervisor::reap() {
  read_messages();  // what a process said before it died comes first
  int outcome;
  while (pid_t pid = waitpid(-1, &outcome, WNOHANG)) {
    if (pid < 0) break;
    for (Process &process : processes_) {
      if (process.pid != pid) continue;
      process.outcome = outcome;
      exited(process);
      break;
    }
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

// ---- Actions
// -----------------------------------------------------------------------------------------------------

void Supervisor::handle(Process &process, ProcessEvent event) {
  Transition step = transition(process.state, event);
  ProcessState before = std::exchange(process.state, step.next);
  if (event == ProcessEvent::kDue) process.due_ms = Process::kNever;
  switch (step.action) {
    case ProcessAction::kIgnore:
      break;
    case ProcessAction::kImpossible:
      log_error("supervisor: event '%s' for %s, which is %s (ignored; please report it)", name_of(event),
                process.label().c_str(), name_of(before));
      break;
    case ProcessAction::kFork:
      fork_process(process);
      break;
    case ProcessAction::kStarted:
      log_info("%s (pid %d) started", process.label().c_str(), process.pid);
      break;
    case ProcessAction::kRetryLater:
      retry_later(process);
      break;
    case ProcessAction::kServe:
      serve(process);
      break;
    case ProcessAction::kRespawn:
      respawn(process);
      break;
    case ProcessAction::kForget:
      forget(process);
      break;
    case ProcessAction::kTell:
      tell(process);
      break;
    case ProcessAction::kKill:
      kill_process(process);
      break;
  }
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
    call(hooks_.before);
    fflush(nullptr);  // or the child would write what is buffered once more
    child = fork();
    process.outcome = errno;
    if (child == 0) run_child(process, master);
    call(hooks_.after_parent);
  }
  if (child < 0) return handle(process, ProcessEvent::kForkFailed);
  process.pid = child;
  if (process.role->is_worker) record_spawn(process.id, child);
  handle(process, ProcessEvent::kForked);
}

void Supervisor::run_child(Process &process, pid_t master) {
  ChildLinks links{master, std::move(process.stop_event), std::move(lifeline_.read_end),
                   std::move(messages_.write_end)};
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
      call(hooks_.after_child);
      status = process.role->body(process.id);
    }
  } catch (const std::exception &exception) {
    log_error("%s (pid %d): uncaught exception: %s (ends)", process.label().c_str(), getpid(),
              exception.what());
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
    for (Process &old : processes_) {
      if (&old == &process || old.role != process.role || old.id != process.id || old.told()) continue;
      log_info("%s (pid %d) replaces pid %d", process.label().c_str(), process.pid, old.pid);
      handle(old, ProcessEvent::kStop);
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
  // One that did start may come back at once the first time. One that cannot is left alone from its death on:
  // its start may have cost a lot.
  int64_t earliest = process.ready_ms ? process.forked_ms + respawn_spacing_ms(process.failures - 1)
                                      : now + respawn_spacing_ms(process.failures);
  process.due_ms = std::max(now, earliest);
  process.stop_event.reset();
  std::string wait;
  if (process.due_ms > now) wait = " in " + std::to_string(process.due_ms - now) + " ms";
  log_error("%s (pid %d) %s (respawning%s)", process.label().c_str(), process.pid,
            describe_exit(process.outcome).c_str(), wait.c_str());
  process.pid = 0;
}

void Supervisor::forget(Process &process) {
  std::string label = process.label();
  bool quiet = process.outcome == 0 || (WIFSIGNALED(process.outcome) && WTERMSIG(process.outcome) == SIGTERM);
  if (quiet) {
    log_info("%s (pid %d) stopped", label.c_str(), process.pid);
  } else {
    log_error("%s (pid %d) %s", label.c_str(), process.pid, describe_exit(process.outcome).c_str());
  }
  process.pid = 0;
}

void Supervisor::tell(Process &process) {
  int64_t from = stopping() ? stop_began_ms_ : monotonic_ms();
  process.due_ms = from + (process.role->is_worker ? mercy_.worker_ms : mercy_.other_ms);
  // The event reaches a process whose app took SIGTERM for itself, the signal one that does not know of the
  // event.
  uint64_t one = 1;
  ssize_t written = write(process.stop_event.get(), &one, sizeof one);
  (void)written;
  kill(process.pid, SIGTERM);
}

void Supervisor::kill_process(Process &process) {
  log_warning("%s (pid %d) still runs: killing it", process.label().c_str(), process.pid);
  process.due_ms = monotonic_ms() + kKillAgainMs;
  kill(process.pid, SIGKILL);
}

void Supervisor::exited(Process &process) {
  bool was_starting = process.state == ProcessState::kStarting;
  bool is_worker = process.role->is_worker;
  bool hopeless = is_worker && was_starting && !any_worker_ready_ && !stopping();
  if (is_worker) record_exit(process.id, process.pid);
  // Where there are two for one place, the survivor has it.
  Process *twin = nullptr;
  for (Process &other : processes_) {
    if (&other != &process && other.role == process.role && other.id == process.id && !other.told())
      twin = &other;
  }
  std::string cause =
      process.label() + " (pid " + std::to_string(process.pid) + ") " + describe_exit(process.outcome);
  int status = WIFEXITED(process.outcome) ? WEXITSTATUS(process.outcome) : kExitFailure;
  handle(process, twin || hopeless ? ProcessEvent::kExitedForGood : ProcessEvent::kExited);
  if (twin) twin->replacement = false;
  if (hopeless) give_up(cause, status == 0 ? kExitNoApp : status);
  if (was_starting && reload_target_ == &process) end_reload(cause);
}

// A second process for the same place; nullptr if there is one already or none is needed.
Process *Supervisor::replace(Process &process) {
  for (const Process &other : processes_) {
    if (other.replacement && other.role == process.role && other.id == process.id) return nullptr;
  }
  return &processes_.emplace_back(Process{.role = process.role, .id = process.id, .replacement = true});
}

void Supervisor::give_up(const std::string &cause, int status) {
  const char *hint = status == kExitNoApp ? "; to start without an application, set need-app = false" : "";
  log_error("no worker could load the application: %s (see the messages above%s)", cause.c_str(), hint);
  exit_status_ = status;
  mercy_ = {kGiveUpMercyMs, kGiveUpMercyMs};
  stop_began_ms_ = monotonic_ms();
  rest_told_ = true;
  for (Process &process : processes_) handle(process, ProcessEvent::kStop);
}

// ---- Rolling reload
// ----------------------------------------------------------------------------------------------

void Supervisor::continue_reload() {
  reload_target_ = nullptr;
  if (reload_queue_.empty()) return end_reload("");
  int id = reload_queue_.front();
  reload_queue_.pop_front();
  for (Process &process : processes_) {
    if (!process.role->is_worker || process.id != id || process.told()) continue;
    if (process.state == ProcessState::kWaiting) {  // nobody serves there: no need to keep an old one
      process.due_ms = 0;
      reload_target_ = &process;
    } else if (process.replacement) {
      reload_target_ = &process;
    } else if (!reload_target_) {
      reload_target_ = replace(process);
    }
  }
  if (!reload_target_) continue_reload();
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
