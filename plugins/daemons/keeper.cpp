#include "keeper.h"

#include <mortise/lifecycle.h>

#include <algorithm>

#include "registry.h"
#include "spawn.h"

namespace mortise::daemons {

namespace {

constexpr int64_t kNever = INT64_MAX;
constexpr int64_t kProvenMs = 3'000;  // who ran that long did start
constexpr int64_t kFirstPauseMs = 250, kLookMs = 1'000, kStopLookMs = 20;
constexpr int64_t kPidfileMercyMs = 10'000;  // until a daemon in the background has written its pid file

std::string describe(int status) {
  if (WIFEXITED(status)) return "ended with status " + std::to_string(WEXITSTATUS(status));
  return "was ended by signal " + std::to_string(WTERMSIG(status));
}

timespec newest_change(const uwsgi_string_list *files) {
  timespec newest{};
  for (; files; files = files->next) {
    struct stat info {};
    if (stat(files->value, &info)) continue;
    bool newer = info.st_mtim.tv_sec > newest.tv_sec ||
                 (info.st_mtim.tv_sec == newest.tv_sec && info.st_mtim.tv_nsec > newest.tv_nsec);
    if (newer) newest = info.st_mtim;
  }
  return newest;
}

}  // namespace

Keeper::Keeper(Daemon &daemon)
    : daemon_(daemon), shared_(*daemon.shared), touched_at_(newest_change(shared_.touch)) {
  shared_.pid = 0;
  if (!daemon_.smart() || !runs_already()) return;
  if (shared_.reload_signal > 0 && uwsgi_generation() > 0) kill(shared_.pid, shared_.reload_signal);
}

// Of a process that lives; 0 where there is none.
pid_t Keeper::recorded_pid() const {
  FILE *file = fopen(shared_.pidfile, "re");
  if (!file) return 0;
  int pid = 0;
  if (fscanf(file, "%d", &pid) != 1) pid = 0;
  fclose(file);
  return pid > 1 && (kill(pid, 0) == 0 || errno == EPERM) ? pid : 0;
}

// An earlier server's, one that went into the background by itself, or one that somebody else started.
bool Keeper::runs_already() {
  const pid_t pid = recorded_pid();
  if (pid <= 0) return false;
  uwsgi_log_verbose("daemon '%s' runs already (pid %d)\n", shared_.command, pid);
  shared_.pid = pid;
  state_ = State::kRunning;
  return true;
}

void Keeper::start(int64_t now_ms) {
  if (!is_lord_of(daemon_.legion)) {
    due_ms_ = now_ms + kLookMs;
    return;
  }
  if (daemon_.smart() && runs_already()) return look_at_pidfile(now_ms);
  if (group_ > 0 && !daemon_.smart() && !shared_.has_daemonized)
    kill(-group_, SIGKILL);  // left by the one before
  Program program{
      shared_.command, daemon_.chdir, shared_.uid, shared_.gid, shared_.honour_stdin || honour_stdin,
      !daemon_.smart()};
  pid_t pid = mortise::daemons::start(program);
  started_ms_ = now_ms;
  if (pid < 0) {
    uwsgi_log_verbose("daemon '%s': fork: %s\n", shared_.command, strerror(errno));
    return retry_later(now_ms);
  }
  time_t now = uwsgi_now();
  if (shared_.born == 0)
    shared_.born = now;
  else
    ++shared_.respawns;
  shared_.last_spawn = now;
  shared_.pid = group_ = pid;
  is_child_ = true;
  state_ = State::kRunning;
  due_ms_ = now_ms + kLookMs;
  uwsgi_log_verbose("daemon '%s' started (pid %d)\n", shared_.command, pid);
}

void Keeper::retry_later(int64_t now_ms) {
  state_ = State::kWaiting;
  failures_ = now_ms - started_ms_ >= kProvenMs ? 0 : failures_ + 1;
  int64_t pause = failures_ == 0 ? 0 : kFirstPauseMs << std::min(failures_ - 1, 16);
  due_ms_ = now_ms + std::min<int64_t>(pause, daemon_.max_throttle * 1000LL);
}

bool Keeper::touched() {
  timespec now = newest_change(shared_.touch);
  if (now.tv_sec == touched_at_.tv_sec && now.tv_nsec == touched_at_.tv_nsec) return false;
  touched_at_ = now;
  return true;
}

// One in the background: its pid file says which process it is, and whether it is there.
void Keeper::look_at_pidfile(int64_t now_ms) {
  pid_t pid = recorded_pid();
  if (pid > 0) {
    shared_.pid = pid;
    due_ms_ = now_ms + std::min<int64_t>(shared_.freq, shared_.touch ? 1 : shared_.freq) * 1000;
  } else if (started_ms_ == 0 || now_ms - started_ms_ > kPidfileMercyMs || shared_.pid > 0) {
    uwsgi_log_verbose("daemon '%s' is gone (%s)\n", shared_.command, shared_.pidfile);
    shared_.pid = 0;
    retry_later(now_ms);
  } else {
    due_ms_ = now_ms + kLookMs;
  }
}

void Keeper::turn(int64_t now_ms) {
  if (now_ms < due_ms_) return;
  switch (state_) {
    case State::kWaiting:
      start(now_ms);
      break;
    case State::kRunning:
      due_ms_ = now_ms + kLookMs;
      if (touched() && shared_.pid > 0) {
        uwsgi_log_verbose("daemon '%s' is stopped: one of its files was touched\n", shared_.command);
        kill(shared_.pid, shared_.stop_signal);
        started_ms_ = now_ms - kProvenMs;  // it is not its own fault
      }
      if (!is_child_) look_at_pidfile(now_ms);
      break;
    case State::kStopping:
      due_ms_ = now_ms + kStopLookMs;
      if (!group_left()) {
        state_ = State::kStopped;
      } else if (now_ms >= kill_ms_) {
        kill(-group_, SIGKILL);
      }
      break;
    case State::kStopped:
      due_ms_ = kNever;
      break;
  }
}

bool Keeper::ended(pid_t pid, int status, int64_t now_ms) {
  if (!is_child_ || pid != group_) return false;
  is_child_ = false;
  shared_.status = status;
  if (state_ == State::kStopping) {
    shared_.pid = 0;
    if (group_left()) kill(-group_, shared_.stop_signal);  // what a shell command left behind
    due_ms_ = now_ms;
    return true;
  }
  if (shared_.has_daemonized && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    shared_.pid = daemon_.smart() ? recorded_pid() : 0;  // its work goes on in the background
    due_ms_ = daemon_.smart() ? now_ms : kNever;
    return true;
  }
  uwsgi_log_verbose("daemon '%s' (pid %d) %s\n", shared_.command, pid, describe(status).c_str());
  shared_.pid = 0;
  if (!daemon_.smart()) kill(-group_, SIGTERM);  // what it has left behind may hold its port
  if (shared_.control) {
    uwsgi_log_verbose("the server stops with its control daemon\n");
    kill(uwsgi_master_pid(), SIGTERM);
    state_ = State::kStopped;
    due_ms_ = kNever;
    return true;
  }
  if (daemon_.smart() && runs_already()) {
    due_ms_ = now_ms;
    return true;
  }
  retry_later(now_ms);
  if (daemon_.smart() && status == 0) due_ms_ = std::max(due_ms_, now_ms + kLookMs);  // pid file may yet come
  return true;
}

void Keeper::stop(int64_t kill_ms) {
  if (daemon_.smart() || group_ == 0 || state_ == State::kStopped) {
    state_ = State::kStopped;
    return;
  }
  kill_ms_ = kill_ms;
  state_ = State::kStopping;
  due_ms_ = 0;
  if (is_child_) kill(group_, shared_.stop_signal);
}

bool Keeper::group_left() const {
  return is_child_ || (kill(-group_, 0) == 0);
}

}  // namespace mortise::daemons
