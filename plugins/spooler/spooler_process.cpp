#include "spooler_process.h"

#include <uwsgi.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <optional>
#include <string>

#include "each_plugin.h"
#include "folder.h"
#include "spoolers.h"

namespace mortise::spooler {

namespace {

Slot *self = nullptr;
int tasks_done = 0;
// What the master takes at most to see that a task is overdue. After a reload it knows only the processes of
// its own generation, and this one has to end itself.
constexpr int kMasterLooksSeconds = 2;
std::optional<timer_t> own_end;

int become_spooler(int id) {
  self = &slots[id - 1];
  uwsgi.i_am_a_spooler = 1;
  uwsgi.mypid = self->pid = getpid();
  self->deadline = 0;
  self->spooler->pid = uwsgi.mypid;
  self->spooler->respawned++;
  uwsgi.signal_socket = uwsgi.my_signal_socket = uwsgi.shared->spooler_signal_pipe[1];
  for (uwsgi_plugin *plugin : uwsgi.p)
    if (plugin->master_fixup) plugin->master_fixup(1);
  for_each_plugin("the spooler", [](uwsgi_plugin *plugin) {
    if (plugin->post_fork) plugin->post_fork();
  });
  for_each_plugin("the spooler", [](uwsgi_plugin *plugin) {
    if (plugin->spooler_init) plugin->spooler_init();
  });
  // Behind the hooks: applications are loaded from where the server was started.
  if (options.chdir && chdir(options.chdir)) {
    uwsgi_log("spooler %s: change to folder %s: %s\n", self->spooler->dir, options.chdir, strerror(errno));
    return -1;
  }
  return 0;
}

// Seconds from now on; 0: none.
void limit_task(int seconds) {
  self->deadline = seconds > 0 ? uwsgi_now() + seconds : 0;
  if (!own_end) {
    if (seconds <= 0) return;
    sigevent killing{};
    killing.sigev_notify = SIGEV_SIGNAL;
    killing.sigev_signo = SIGKILL;
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &killing, &timer)) {
      uwsgi_log(
          "spooler: timer_create: %s (spooler-harakiri does not hold after a reload; raise ulimit -i)\n",
          strerror(errno));
      return;
    }
    own_end = timer;
  }
  itimerspec limit{};
  if (seconds > 0) limit.it_value.tv_sec = seconds + kMasterLooksSeconds;
  timer_settime(*own_end, 0, &limit, nullptr);
}

// What the first plugin that knows the task says; UWSGI_SPOOL_IGNORE where none does.
int hand_out(const Waiting &waiting, Task &task) {
  int result = UWSGI_SPOOL_IGNORE;
  std::string name = waiting.name;
  for_each_plugin("the spooler", [&](uwsgi_plugin *plugin) {
    if (result == UWSGI_SPOOL_IGNORE && plugin->spooler)
      result = plugin->spooler(name.data(), task.pairs.data(), static_cast<uint16_t>(task.pairs.size()),
                               task.body.empty() ? nullptr : task.body.data(), task.body.size());
  });
  return result;
}

void set_aside(const Waiting &waiting) {
  const std::string folder = waiting.path.substr(0, waiting.path.size() - waiting.name.size());
  uwsgi_log("spooler: %s is no task: it is set aside as broken_%s\n", waiting.path.c_str(),
            waiting.name.c_str());
  rename(waiting.path.c_str(), (folder + "broken_" + waiting.name).c_str());
}

void work_on(const Waiting &waiting) {
  bool broken = false;
  auto taken = TakenTask::take(waiting, &broken);
  if (broken) return set_aside(waiting);
  if (!taken) return;
  const uint64_t began = uwsgi_monotonic_micros();
  limit_task(uwsgi.harakiri_options.spoolers);
  self->spooler->running = 1;
  const int result = hand_out(waiting, taken->task);
  self->spooler->running = 0;
  limit_task(0);
  ++tasks_done;
  __atomic_add_fetch(&self->spooler->tasks, 1, __ATOMIC_RELAXED);
  const unsigned ms = static_cast<unsigned>((uwsgi_monotonic_micros() - began) / 1000);
  if (result == UWSGI_SPOOL_OK) {
    if (unlink(waiting.path.c_str()))
      uwsgi_log("spooler: remove %s: %s (it will run again)\n", waiting.path.c_str(), strerror(errno));
    else if (!options.quiet)
      uwsgi_log("spooler: done with task %s after %u ms\n", waiting.name.c_str(), ms);
  } else if (result == UWSGI_SPOOL_IGNORE) {
    uwsgi_log("spooler: nobody takes task %s (is its function loaded here? spooler-import in Python)\n",
              waiting.name.c_str());
  } else if (!options.quiet) {
    uwsgi_log("spooler: task %s is tried again in %d s\n", waiting.name.c_str(), frequency_s());
  }
}

bool is_worn_out() {
  return options.max_tasks > 0 && tasks_done >= options.max_tasks;
}

void wait(int64_t next_at) {
  int64_t timeout_ms = frequency_s() * int64_t{1000};
  if (next_at) timeout_ms = std::clamp<int64_t>((next_at - uwsgi_now()) * 1000, 1, timeout_ms);
  pollfd fds[] = {
      {uwsgi_stop_fd(), POLLIN, 0}, {wake_fd(self->spooler), POLLIN, 0}, {uwsgi.signal_socket, POLLIN, 0}};
  if (poll(fds, 3, static_cast<int>(timeout_ms)) <= 0) return;
  if (fds[2].revents &&
      uwsgi_receive_signal(uwsgi.signal_socket, "spooler", static_cast<int>(uwsgi.mypid)) == 0 &&
      options.signals_are_tasks)
    ++tasks_done;
  uint64_t count = 0;
  while (read(wake_fd(self->spooler), &count, sizeof count) > 0) {
  }
}

}  // namespace

void run_spooler(int id, void *) {
  if (become_spooler(id)) return;
  uwsgi_process_ready();
  while (!uwsgi_stopping() && !is_worn_out()) {
    const Listing listing = list_tasks(self->spooler->dir, uwsgi_now());
    for (const Waiting &waiting : listing.due) {
      work_on(waiting);
      if (uwsgi_stopping() || is_worn_out()) return;
    }
    wait(listing.next_at);
  }
}

void check_deadlines() {
  const time_t now = uwsgi_now();
  for (int i = 0; i < slots_used; ++i) {
    if (!slots[i].deadline || now <= slots[i].deadline || slots[i].pid <= 0) continue;
    uwsgi_log("spooler (pid %d): its task is overdue: killed (the task stays)\n",
              static_cast<int>(slots[i].pid));
    slots[i].deadline = 0;
    kill(slots[i].pid, SIGKILL);
  }
}

}  // namespace mortise::spooler
