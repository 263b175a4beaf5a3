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
#include "kernel/process_table.h"

namespace mortise {

// A kind of supervised process: worker, gateway, mule, attached daemon are all this.
struct Role {
  std::string name;
  int instances = 1;
  std::function<int(int id)> body;  // runs in the child, id 1..instances; what it returns is the exit status
  bool stop_first = false;          // is told to stop, and has ended, before the others are told
  bool is_worker = false;           // has a slot in the scoreboard; its failure to start ends the server
};

// Called around every fork, also one that fails.
struct ForkHooks {
  std::function<void()> before;
  std::function<void()> after_parent;
  std::function<void()>
      after_child;  // in the child, once signals and descriptors are its own, before the body
};

// How long a process that was told to stop may take until it is killed.
struct Mercy {
  int64_t worker_ms = 30'000;
  int64_t other_ms = 30'000;
};

struct Process {
  const Role *role = nullptr;
  int id = 0;
  ProcessState state = ProcessState::kWaiting;
  pid_t pid = 0;
  int64_t due_ms = kNever;   // time of the next kDue
  int64_t forked_ms = 0;     // last attempt
  int64_t ready_ms = 0;      // when it became ready, 0: it did not
  int failures = 0;          // in a row
  bool replacement = false;  // its predecessor works until this one is ready
  Fd stop_event;

  static constexpr int64_t kNever = INT64_MAX;
  std::string label() const;  // "worker 3", "http"
};

// [master], all of it.
class Supervisor {
 public:
  static Result<Supervisor> create(ForkHooks hooks, Mercy mercy);

  // Adds the processes of a role. They are forked by run_due(), in the order in which they were added.
  void add_role(Role role);
  // A descriptor that children shall not keep.
  void close_in_child(int fd) { master_fds_.push_back(fd); }

  // Events.
  void run_due();  // forks and kills what is due
  int message_fd() const { return messages_.read_end.get(); }
  void read_messages();         // when message_fd() is readable
  void reap();                  // on SIGCHLD
  void reload();                // one worker after another, each ready before the next
  void stop();                  // in order, with mercy; called again: at once
  int64_t next_due_ms() const;  // when run_due() has work; Process::kNever: not by itself

  bool stopping() const { return stop_began_ms_ != 0; }
  bool finished() const { return stopping() && processes_.empty(); }
  int exit_status() const { return exit_status_; }
  const std::list<Process> &processes() const { return processes_; }

 private:
  Supervisor(ForkHooks hooks, Mercy mercy) : hooks_(std::move(hooks)), mercy_(mercy) {}

  void handle(Process &process, ProcessEvent event);
  void fork_process(Process &process);
  [[noreturn]] void run_child(Process &process);
  void serve(Process &process);
  void respawn(Process &process);
  void tell(Process &process);
  void exited(Process &process, int wait_status);
  void replace(Process &process);
  void continue_reload();
  void fail_reload(const Process &process, const std::string &why);
  void give_up(const Process &process, int wait_status);
  void stop_rest();
  Process *find_pid(pid_t pid);
  Process *find_other(const Process &process, bool replacement);
  int64_t mercy_of(const Process &process) const;

  ForkHooks hooks_;
  Mercy mercy_;
  std::deque<Role> roles_;  // Process::role points into it
  std::list<Process> processes_;
  Pipe messages_, lifeline_;
  std::vector<int> master_fds_;
  std::deque<int> reload_queue_;  // workers that wait for their replacement
  int reload_current_ = 0;        // worker whose replacement is starting, 0: no reload under way
  int reload_done_ = 0;
  bool reload_again_ = false;  // asked for while one was under way
  bool any_worker_ready_ = false;
  bool rest_told_ = false;
  int64_t stop_began_ms_ = 0;
  int exit_status_ = 0;
};

}  // namespace mortise
