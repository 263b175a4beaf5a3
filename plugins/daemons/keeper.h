// Keeps one daemon running: starts it, starts it again with growing pauses when it does not stay, stops it. A
// smart one (it has a pid file) may have been started by an earlier server, and outlives this one.
#pragma once

#include <cstdint>

#include "daemon_options.h"

namespace mortise::daemons {

class Keeper {
 public:
  explicit Keeper(Daemon &daemon);

  // What is due. now_ms is monotonic. [each turn]
  void turn(int64_t now_ms);
  // When turn() has something to do.
  int64_t due_ms() const { return due_ms_; }
  // A child ended; true: it was this one.
  bool ended(pid_t pid, int status, int64_t now_ms);

  // A smart one is left alone. kill_ms: when it is killed.
  void stop(int64_t kill_ms);
  bool stopped() const { return state_ == State::kStopped; }

 private:
  enum class State { kWaiting, kRunning, kStopping, kStopped };

  void start(int64_t now_ms);
  void retry_later(int64_t now_ms);
  void look_at_pidfile(int64_t now_ms);
  bool group_left() const;
  bool touched();
  pid_t recorded_pid() const;
  bool runs_already();

  Daemon &daemon_;
  uwsgi_daemon &shared_;
  State state_ = State::kWaiting;
  int64_t due_ms_ = 0, started_ms_ = 0, kill_ms_ = 0;
  int failures_ = 0;
  pid_t group_ = 0;        // process group of the last start
  bool is_child_ = false;  // else it is known by its pid file alone
  timespec touched_at_{};
};

}  // namespace mortise::daemons
