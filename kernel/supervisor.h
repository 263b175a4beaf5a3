// The supervised processes of the server: forks them, replaces them when they die or on request, stops them
// in order, kills what does not stop. Decides by the table in process_table.h; never sleeps and never waits
// for a child. Which event happened when is the master's business (master.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "kernel/child.h"
#include "kernel/handover.h"
#include "kernel/process_table.h"

namespace mortise {

// A kind of supervised process: worker, gateway, mule, attached daemon are all this.
struct Role {
  std::string name;
  int instances = 1;
  std::function<int(int id)> body;  // runs in the child, id 1..instances; what it returns is the exit status
  bool stop_first = false;          // is told to stop, and has ended, before the others are told
  bool is_worker = false;           // has a slot in the scoreboard
  int initial = instances;          // how many of them run from the start
  bool required = is_worker;        // the server serves when these are ready; one that cannot start ends it
};

// Called around every fork, also one that fails; after_child once the child has its own signals and
// descriptors.
struct ForkHooks {
  std::function<void()> before = [] {};
  std::function<void()> after_parent = [] {};
  std::function<void(bool is_trial)> after_child = [](bool) {};
  bool can_execute = false;  // a reload executes the program; else it replaces the workers
};

// How long a process that was told to stop, or to start, may take until it is killed; what comes then.
struct Mercy {
  int64_t worker_ms = 30'000;
  int64_t other_ms = 30'000;
  int64_t start_ms = 300'000;  // what a worker may take until it is ready
  int64_t respawn_ms = -1;     // fixed pause before one that failed is forked again; -1: they grow
};

struct Process {
  static constexpr int64_t kNever = INT64_MAX;

  const Role *role;
  int id;
  ProcessState state = ProcessState::kWaiting;
  bool replacement = false;  // its predecessor works until this one is ready
  bool old = false;          // of the generation before
  pid_t pid = 0;
  int64_t due_ms = 0;     // when run_due() has something to do for it
  int64_t forked_ms = 0;  // last attempt
  int64_t ready_ms = 0;   // 0: not since the last fork
  int failures = 0;       // in a row
  int outcome = 0;        // how it ended, as wait(2) says it; errno of a fork that failed
  Fd stop_event{};

  std::string label() const;  // "worker 3", "http"
  std::string who() const;    // "worker 3 (pid 71)"
  bool told() const { return state >= ProcessState::kStopping; }
  bool is_worker() const { return role->is_worker && !old; }
  bool is_required() const { return role->required && !old; }
};

// [master], all of it.
class Supervisor {
 public:
  static Result<Supervisor> create(ForkHooks hooks, Mercy mercy);

  // Adds the processes of a role; run_due() forks them, in the order in which they were added.
  void add_role(Role role);
  // Takes over the children and pipes of the generation before: they stop when the workers are ready. Where
  // this generation failed, they are all that there is. Before run_due().
  void adopt(const Handover &from, const std::string &failure);
  // A descriptor that is the master's alone: children close it.
  void close_in_child(int fd) { master_fds_.push_back(fd); }

  void run_due();               // forks, tells and kills what is due. Children live and end in here
  int64_t next_due_ms() const;  // when that has work; Process::kNever: only after another event
  int message_fd() const { return messages_.read_end.get(); }
  void read_messages();  // message_fd() is readable
  void reap();           // SIGCHLD came
  // Starts the program anew, if a trial of that succeeds; the asker (0: nobody) is told how it went.
  void reload(pid_t asker);
  void replace_workers();  // a new process for each, one after another; the old one goes when it is ready
  void stop();             // in order, with mercy; called again: at once

  // One worker, by number; 0: any. Its number, 0 if there is none.
  int start_worker(int id);   // one that does not run
  int retire_worker(int id);  // it ends and is not started again
  void replace_worker(int id);

  // Whether each worker serves, and all else that the server needs.
  bool all_ready(bool workers_alone = false) const;
  // Whether the server has stopped, and with which exit status.
  bool finished() const { return stopping() && processes_.empty(); }
  bool stopping() const { return stop_began_ms_ != 0; }
  bool reloading() const { return reloading_; }
  int exit_status() const { return exit_status_; }
  const std::list<Process> &processes() const { return processes_; }

 private:
  Supervisor(ForkHooks hooks, Mercy mercy) : hooks_(std::move(hooks)), mercy_(mercy) {}

  void handle(Process &process, ProcessEvent event);
  void fork_process(Process &process);
  [[noreturn]] void run_child(Process &process, pid_t master);
  void started(Process &process);
  void serve(Process &process);
  void retry_later(Process &process);
  void respawn(Process &process);
  void forget(Process &process);
  void tell(Process &process);
  void kill_process(Process &process);
  void exited(Process &process);
  int64_t mercy_of(const Process &process) const {
    return process.role->is_worker ? mercy_.worker_ms : mercy_.other_ms;
  }
  Process *find(pid_t pid);
  Process *twin(const Process &process);
  Process &successor(const Process &process);
  void continue_replacing();
  void end_reload(const std::string &failure);
  void give_up(const Process &process, const std::string &cause);
  void try_next_generation();
  void become_next_generation();
  void settle();
  bool leaving(const Process &process) const { return stopping() || (process.old && retire_began_ms_); }
  int64_t rest_due_ms() const;

  ForkHooks hooks_;
  Mercy mercy_;
  std::deque<Role> roles_;        // Process::role points into it
  std::list<Process> processes_;  // their addresses are kept in events and below
  Pipe messages_, lifeline_;
  std::vector<int> master_fds_;

  bool any_worker_ready_ = false;            // since the start of the server
  bool was_whole_ = false;                   // all that is required has been ready at once
  bool old_serve_ = false;                   // the generation before, until this one is ready
  bool alone_ = false;                       // it will never be
  bool reloading_ = false;                   // from the request to its outcome
  std::vector<pid_t> askers_, next_askers_;  // who wants to know that; who asked meanwhile
  const Process *trial_ = nullptr;
  std::deque<int> replace_queue_;     // numbers of the workers to come, where they are replaced one by one
  Process *reload_target_ = nullptr;  // whose readiness that waits for
  int replaced_ = 0;

  int64_t stop_began_ms_ = 0;
  int64_t retire_began_ms_ = 0;  // of the generation before
  int exit_status_ = 0;
};

}  // namespace mortise
