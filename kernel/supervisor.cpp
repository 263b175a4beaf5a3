#include "kernel/supervisor.h"

#include <uwsgi.h>

#include <sys/prctl.h>

#include <algorithm>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "kernel/scoreboard.h"
#include "kernel/sockets.h"
#include "sdk/runtime/strings.h"

namespace mortise {

namespace {

// A process that was ready for this long has proven that it can be started: its death is no failure to start.
constexpr int64_t kProvenMs = 100;
// The same for one that never says that it is ready.
constexpr int64_t kProvenSilentMs = 30'000;
// What a process may take once the master is dead: nobody can be told any more that it still works.
constexpr int64_t kOrphanMs = 800;
// Between two SIGKILLs, should a process survive one in an uninterruptible call.
constexpr int64_t kKillAgainMs = 1'000;

std::string describe_exit(int outcome) {
  if (WIFEXITED(outcome)) return format_text("ended: exit status %d", WEXITSTATUS(outcome));
  int signum = WTERMSIG(outcome);
  return format_text("died: signal %d (%s)", signum, strsignal(signum));
}

// The body of a trial: from here on it is what any start of the server is.
int try_start(int) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Handover to;
  to.trial = true;
  to.generation = handover().generation + 1;
  pass_on_sockets(to);
  log_error(execute(to));
  return kExitSystem;
}

}  // namespace

std::string Process::label() const {
  return !old && (role->is_worker || role->instances > 1) ? format_text("%s %d", role->name.c_str(), id)
                                                          : role->name;
}

std::string Process::who() const {
  return format_text("%s (pid %d)", label().c_str(), pid);
}

Result<Supervisor> Supervisor::create(ForkHooks hooks, Mercy mercy) {
  Supervisor supervisor(std::move(hooks), mercy);
  for (Pipe *pipe : {&supervisor.messages_, &supervisor.lifeline_}) {
    Result<Pipe> made = make_pipe(true);
    if (!made) return made.error();
    *pipe = std::move(*made);
  }
  supervisor.roles_.push_back({.name = "trial", .instances = 1, .body = try_start});
  return supervisor;
}

void Supervisor::add_role(Role role) {
  const Role &added = roles_.emplace_back(std::move(role));
  for (int id = 1; id <= added.instances; ++id) {
    if (id <= added.initial)
      processes_.push_back({.role = &added, .id = id});
    else if (added.is_worker)
      record_cheaped(id, true);
  }
}

void Supervisor::adopt(const Handover &from, const std::string &failure) {
  Fd *links[] = {&messages_.read_end, &messages_.write_end, &lifeline_.read_end, &lifeline_.write_end};
  for (size_t i = 0; i < std::size(links) && i < from.links.size(); ++i) links[i]->reset(from.links[i]);
  for (Process &process : processes_)  // who passes requests on to the workers would keep clients waiting
    if (process.role->stop_first) process.due_ms = Process::kNever;
  for (const OldProcess &old : from.processes) {
    const Role &role = roles_.emplace_back(
        Role{.name = old.label, .stop_first = old.stop_first, .is_worker = old.is_worker});
    Process &process = processes_.emplace_back(Process{.role = &role, .id = 0, .old = true, .pid = old.pid});
    process.state = old.told ? ProcessState::kStopping : ProcessState::kReady;
    process.due_ms = old.due_ms;
    process.ready_ms = monotonic_ms();
    process.stop_event.reset(old.stop_fd);
  }
  askers_ = from.askers;
  reloading_ = any_worker_ready_ = was_whole_ = true;
  alone_ = !failure.empty();
  old_serve_ = !alone_;
  if (alone_) end_reload(failure);
}

void Supervisor::run_due() {
  for (Process &process : processes_) {
    if (process.due_ms <= monotonic_ms()) handle(process, ProcessEvent::kDue);
  }
  settle();
}

int64_t Supervisor::next_due_ms() const {
  int64_t next = Process::kNever;
  for (const Process &process : processes_)
    next = std::min(next, leaving(process) && !process.told() ? rest_due_ms() : process.due_ms);
  return next;
}

void Supervisor::read_messages() {
  ChildMessage message;
  while (read(messages_.read_end.get(), &message, sizeof message) == sizeof message) {
    Process *sender = find(message.pid);
    if (!sender) continue;  // died since
    if (message.report == ChildReport::kReady) {
      handle(*sender, ProcessEvent::kReady);
    } else if (!stopping() && !sender->old && !sender->told() && !twin(*sender)) {
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

void Supervisor::reload(pid_t asker) {
  if (stopping()) return;
  answer_reload(asker, kReloadHeard);
  if (reloading_) return next_askers_.push_back(asker);
  askers_ = {asker};
  hooks_.can_execute ? try_next_generation() : replace_workers();
}

void Supervisor::replace_workers() {
  if (reload_target_ || trial_) return;
  reloading_ = true;
  replaced_ = 0;
  for (const Process &process : processes_)
    if (process.is_worker() && !process.told() && !process.replacement) replace_queue_.push_back(process.id);
  log_info("reload: replacing %zu workers, one after another", replace_queue_.size());
  continue_replacing();
}

// The application is loaded once more than it need be; in return nothing is given up for a generation that
// cannot serve.
void Supervisor::try_next_generation() {
  reloading_ = true;
  replaced_ = 0;
  log_info("reload: a trial starts");
  trial_ = &processes_.emplace_back(Process{.role = &roles_.front(), .id = 1});
  handle(processes_.back(), ProcessEvent::kDue);
}

void Supervisor::become_next_generation() {
  Handover next;
  next.generation = handover().generation + 1;
  for (const Pipe *pipe : {&messages_, &lifeline_})
    for (const Fd *fd : {&pipe->read_end, &pipe->write_end}) next.links.push_back(fd->get());
  next.askers = askers_;
  next.askers.insert(next.askers.end(), next_askers_.begin(), next_askers_.end());
  for (const Process &process : processes_) {
    if (process.pid <= 0) continue;
    next.processes.push_back({process.pid, process.stop_event.get(),
                              process.told() ? process.due_ms : Process::kNever, process.told(),
                              process.role->is_worker, process.role->stop_first,
                              process.old ? process.label() : "old " + process.label()});
  }
  pass_on_sockets(next);
  fflush(nullptr);
  end_reload(execute(next).message());
}

int Supervisor::start_worker(int wanted) {
  for (const Role &role : roles_) {
    if (!role.is_worker || !role.body) continue;
    for (int id = std::max(wanted, 1); id <= role.instances && (!wanted || id == wanted); ++id) {
      if (std::any_of(processes_.begin(), processes_.end(), [&](const Process &process) {
            return process.role == &role && process.id == id && !process.told();
          }))
        continue;
      processes_.push_back({.role = &role, .id = id});
      record_cheaped(id, false);
      return id;
    }
  }
  return 0;
}

int Supervisor::retire_worker(int wanted) {
  int id = 0;
  for (const Process &process : processes_)
    if (process.is_worker() && !process.told() && (!wanted || process.id == wanted))
      id = std::max(id, process.id);
  if (id == 0) return 0;
  record_cheaped(id, true);
  for (Process &process : processes_)
    if (process.is_worker() && process.id == id) handle(process, ProcessEvent::kStop);
  if (reload_target_ && reload_target_->told()) continue_replacing();
  return id;
}

void Supervisor::replace_worker(int id) {
  for (Process &process : processes_)
    if (process.is_worker() && process.id == id && process.state == ProcessState::kReady && !stopping())
      return void(successor(process));
}

void Supervisor::stop() {
  if (stopping()) {
    log_warning("told to stop again: killing what still runs");
    for (Process &process : processes_) handle(process, ProcessEvent::kKill);
  } else {
    stop_began_ms_ = monotonic_ms();
    for (pid_t asker : askers_) answer_reload(asker, "the server was told to stop");
    replace_queue_.clear();
    reload_target_ = nullptr;
    for (Process &process : processes_)
      if (&process == trial_) handle(process, ProcessEvent::kKill);
  }
  settle();
}

bool Supervisor::all_ready(bool workers_alone) const {
  return std::all_of(processes_.begin(), processes_.end(), [=](const Process &process) {
    return !(workers_alone ? process.is_worker() : process.is_required()) || process.told() ||
           process.state == ProcessState::kReady;
  });
}

// What follows from events once they are handled: the generation before goes when this one serves, those who
// stop are told in order, ended processes are forgotten.
void Supervisor::settle() {
  was_whole_ = was_whole_ || all_ready();
  if (old_serve_ && all_ready(true))
    for (Process &process : processes_)
      if (process.state == ProcessState::kWaiting && process.due_ms == Process::kNever) process.due_ms = 0;
  if (old_serve_ && !stopping() && all_ready()) {
    old_serve_ = false;
    retire_began_ms_ = monotonic_ms();
    if (reloading_) end_reload("");
  }
  auto gone = [](const Process &process) { return process.state == ProcessState::kGone; };
  processes_.remove_if(gone);
  if (stopping() || retire_began_ms_) {
    bool rest = monotonic_ms() >= rest_due_ms() ||
                std::none_of(processes_.begin(), processes_.end(),
                             [&](auto &process) { return leaving(process) && process.role->stop_first; });
    for (Process &process : processes_)
      if (leaving(process) && (rest || process.role->stop_first || process.replacement))
        handle(process, ProcessEvent::kStop);
    processes_.remove_if(gone);
  }
  if (!alone_ || !processes_.empty() || stopping()) return;
  log_error("no process of the old generation is left: the server ends");
  exit_status_ = kExitFailure;
  stop_began_ms_ = monotonic_ms();
}

// Half of the time is left to the rest when those that stop first take it all.
int64_t Supervisor::rest_due_ms() const {
  return (stopping() ? stop_began_ms_ : retire_began_ms_) + std::min(mercy_.worker_ms, mercy_.other_ms) / 2;
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
  if (process.is_required() || &process == trial_) process.due_ms = process.forked_ms + mercy_.start_ms;
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
  if (process.is_worker()) record_spawn(process.id, child);
  handle(process, ProcessEvent::kForked);
}

void Supervisor::run_child(Process &process, pid_t master) {
  ChildLinks links{master, std::move(process.stop_event), std::move(lifeline_.read_end),
                   std::move(messages_.write_end), std::min(mercy_of(process), kOrphanMs)};
  lifeline_.write_end.reset();
  messages_.read_end.reset();
  for (Process &other : processes_) other.stop_event.reset();
  for (int fd : master_fds_) close(fd);
  uwsgi.mypid = getpid();
  uwsgi.master_queue = -1;
  uwsgi.mywid = process.role->is_worker ? process.id : 0;
  if (!uwsgi.mywid) prctl(PR_SET_NAME, process.label().c_str());  // plugins may make more of it
  int status = kExitFailure;
  try {
    if (Result<void> entered = enter_child(std::move(links)); !entered) {
      log_error(entered.error());
      status = kExitSystem;
    } else {
      hooks_.after_child(&process == trial_);
      status = process.role->body(process.id);
      if (orphaned()) unlink_socket_files();
    }
  } catch (const std::exception &exception) {
    process.pid = getpid();
    log_error("%s: uncaught exception: %s (it ends)", process.who().c_str(), exception.what());
  }
  fflush(nullptr);
  _exit(status);
}

void Supervisor::retry_later(Process &process) {
  int64_t wait_ms = respawn_spacing_ms(++process.failures, mercy_.respawn_ms);
  process.due_ms = process.forked_ms + wait_ms;
  log_error("spawn %s: %s (retry in %g s)", process.label().c_str(), strerror(process.outcome),
            static_cast<double>(wait_ms) / 1000);
}

void Supervisor::serve(Process &process) {
  process.ready_ms = monotonic_ms();
  process.due_ms = Process::kNever;
  if (process.is_worker()) {
    if (!trial_) ++replaced_;
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
  if (reload_target_ == &process) continue_replacing();
}

void Supervisor::respawn(Process &process) {
  int64_t now = monotonic_ms();
  bool proven =
      process.ready_ms ? now - process.ready_ms >= kProvenMs : now - process.forked_ms >= kProvenSilentMs;
  process.failures = proven ? 0 : process.failures + 1;
  // One that did start may come back at once the first time. One that cannot waits from its death on: its
  // start may have cost a lot.
  int64_t earliest = process.ready_ms
                         ? process.forked_ms + respawn_spacing_ms(process.failures - 1, mercy_.respawn_ms)
                         : now + respawn_spacing_ms(process.failures, mercy_.respawn_ms);
  process.due_ms = std::max(now, earliest);
  process.stop_event.reset();
  std::string wait = process.due_ms > now ? format_text(" in %ld ms", process.due_ms - now) : "";
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
  if (process.state == ProcessState::kStarting)
    log_error("%s was not ready within %g s: killing it (see --start-timeout)", process.who().c_str(),
              static_cast<double>(mercy_.start_ms) / 1000);
  else
    log_warning("%s still runs: killing it", process.who().c_str());
  process.due_ms = monotonic_ms() + kKillAgainMs;
  kill(process.pid, SIGKILL);
}

void Supervisor::exited(Process &process) {
  bool was_starting = process.state == ProcessState::kStarting;
  bool is_worker = process.is_worker();
  bool served = is_worker ? any_worker_ready_ : was_whole_;
  bool hopeless = process.is_required() && was_starting && !served && !stopping();
  if (is_worker) record_exit(process.id, process.pid);
  std::string cause = process.who() + " " + describe_exit(process.outcome);
  Process *survivor = twin(process);
  // Why it was killed has been told.
  if (process.state == ProcessState::kKilling && process.outcome == SIGKILL) process.outcome = SIGTERM;
  bool for_good = survivor || hopeless || process.old || &process == trial_;
  bool is_missed = alone_ && !reloading_ && !process.told() && !stopping();
  handle(process, for_good ? ProcessEvent::kExitedForGood : ProcessEvent::kExited);
  if (survivor) survivor->replacement = false;
  if (hopeless) give_up(process, cause);
  if (is_missed) try_next_generation();
  if (&process == trial_) {
    trial_ = nullptr;
    if (stopping()) return;
    process.outcome ? end_reload(cause) : become_next_generation();
  } else if (was_starting &&
             (reload_target_ == &process || (process.is_required() && old_serve_ && reloading_))) {
    end_reload(cause);
  } else if (reload_target_ == &process) {
    continue_replacing();
  }
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

void Supervisor::give_up(const Process &process, const std::string &cause) {
  int status = WIFEXITED(process.outcome) ? WEXITSTATUS(process.outcome) : kExitFailure;
  if (status == 0) status = process.role->is_worker ? kExitNoApp : kExitPlugin;
  const char *hint = status == kExitNoApp ? "; to start without an application, set need-app = false" : "";
  log_error("%s: %s (see the messages above%s)",
            process.role->is_worker ? "no worker could load the application" : "the server cannot start",
            cause.c_str(), hint);
  exit_status_ = status;
  mercy_.worker_ms = mercy_.other_ms = kUnreadyMercyMs;  // nothing is worth waiting for
  stop_began_ms_ = monotonic_ms();
  for (Process &process : processes_) handle(process, ProcessEvent::kStop);
}

// The workers that are left, until one has to be waited for.
void Supervisor::continue_replacing() {
  reload_target_ = nullptr;
  while (!reload_target_ && !replace_queue_.empty()) {
    int id = replace_queue_.front();
    replace_queue_.pop_front();
    for (Process &process : processes_) {
      if (!process.is_worker() || process.id != id || process.told() || process.replacement) continue;
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
  if (failure.empty()) {
    log_info("reload done: %d workers replaced", replaced_);
  } else {
    log_error("reload failed after %d workers: %s (see the messages above; the old processes go on)",
              replaced_, failure.c_str());
  }
  reload_target_ = nullptr;
  replace_queue_.clear();
  reloading_ = false;
  for (pid_t asker : std::exchange(askers_, std::exchange(next_askers_, {}))) answer_reload(asker, failure);
  if (!askers_.empty()) hooks_.can_execute ? try_next_generation() : replace_workers();
}

}  // namespace mortise
