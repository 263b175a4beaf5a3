#include "pushers.h"

#include <filesystem>
#include <string>
#include <utility>

#include "options.h"

namespace mortise::stats {

namespace {

template <typename T>
void append(T **list, T *item) {
  while (*list) list = &(*list)->next;
  *list = item;
}

void run_pushers(int, void *) {
  uwsgi_process_ready();
  pollfd stop{uwsgi_stop_fd(), POLLIN, 0};
  while (poll(&stop, 1, 1000) <= 0) push(uwsgi_now());
}

void run_pushers_in_master(uwsgi_thread *) {
  for (;; push(uwsgi_now())) poll(nullptr, 0, 1000);
}

// Of a plugin: its pusher may fill memory that nobody but this thread and the master has.
bool master_has_threads() {
  std::error_code failed;
  const std::filesystem::directory_iterator threads("/proc/self/task", failed);
  return !failed && std::distance(begin(threads), end(threads)) > 1;
}

struct {
  bool wanted = false, may_run = false, runs = false;
} pushers;

void run_if_wanted() {
  if (!pushers.wanted || !pushers.may_run || std::exchange(pushers.runs, true)) return;
  if (master_has_threads() && uwsgi_thread_new_with_data(run_pushers_in_master, nullptr)) return;
  const uwsgi_process_role role{"pushers", 1, run_pushers, nullptr, 0};
  uwsgi_register_process(&role);
}

}  // namespace

uwsgi_stats_pusher *find_pusher(std::string_view name) {
  for (uwsgi_stats_pusher *pusher = uwsgi.stats_pushers; pusher; pusher = pusher->next)
    if (name == pusher->name) return pusher;
  return nullptr;
}

bool add_push(const char *text) {
  const std::string_view all = text;
  const size_t colon = all.find(':');
  uwsgi_stats_pusher *pusher = find_pusher(all.substr(0, colon));
  if (!pusher) {
    std::string names;
    for (pusher = uwsgi.stats_pushers; pusher; pusher = pusher->next)
      names += std::string(" ") + pusher->name;
    uwsgi_log("stats-push = %s: no pusher of that name; there are:%s (load its plugin)\n", text,
              names.c_str());
    return false;
  }
  uwsgi_stats_pusher_add(pusher, colon == all.npos ? nullptr : uwsgi_str(text + colon + 1));
  return true;
}

void let_pushers_run() {
  pushers.may_run = true;
  run_if_wanted();
}

bool is_due(const uwsgi_stats_pusher_instance &instance, time_t now, int default_freq_s) {
  const int freq_s = instance.freq > 0 ? instance.freq : default_freq_s;
  if (instance.needs_retry && instance.next_retry <= now) return true;
  // A clock that was set back must not stop the pushes.
  return now < instance.last_run || now - instance.last_run >= freq_s;
}

void plan_retry(uwsgi_stats_pusher_instance &instance, time_t now) {
  if (instance.needs_retry && instance.retries < instance.max_retries) {
    instance.next_retry = now + instance.retry_delay;
    return;
  }
  if (instance.needs_retry && instance.max_retries > 0)
    uwsgi_log("stats-push: %s failed after %d retries (it is tried again at its next time)\n",
              instance.pusher->name, instance.retries);
  instance.needs_retry = 0;
  instance.retries = 0;
}

void push(time_t now) {
  uwsgi_stats *stats = nullptr;
  uwsgi_sample_workers();
  uwsgi_stats_pusher_instance *next = nullptr;
  for (uwsgi_stats_pusher_instance *instance = uwsgi.stats_pusher_instances; instance; instance = next) {
    next = instance->next;  // one that cannot be configured may free itself
    if (!is_due(*instance, now, options().push_freq_s)) continue;
    instance->last_run = now;
    if (instance->needs_retry) ++instance->retries;
    if (!instance->raw && !stats) stats = uwsgi_master_generate_stats();
    if (!instance->raw && !stats) continue;
    instance->pusher->func(instance, now, instance->raw ? nullptr : stats->base,
                           instance->raw ? 0 : stats->pos);
    plan_retry(*instance, now);
  }
  uwsgi_stats_free(stats);
}

}  // namespace mortise::stats

extern "C" {

uwsgi_stats_pusher *uwsgi_register_stats_pusher(const char *name, void (*func)(uwsgi_stats_pusher_instance *,
                                                                               time_t, char *, size_t)) {
  uwsgi_stats_pusher *pusher = mortise::stats::find_pusher(name);
  if (!pusher) {
    pusher = static_cast<uwsgi_stats_pusher *>(uwsgi_calloc(sizeof(uwsgi_stats_pusher)));
    pusher->name = uwsgi_str(name);
    mortise::stats::append(&uwsgi.stats_pushers, pusher);
  }
  pusher->func = func;  // a plugin's replaces the built-in of the same name
  pusher->raw = 0;
  return pusher;
}

uwsgi_stats_pusher_instance *uwsgi_stats_pusher_add(uwsgi_stats_pusher *pusher, char *arg) {
  auto *instance =
      static_cast<uwsgi_stats_pusher_instance *>(uwsgi_calloc(sizeof(uwsgi_stats_pusher_instance)));
  instance->pusher = pusher;
  instance->arg = arg;
  instance->raw = pusher->raw;
  mortise::stats::append(&uwsgi.stats_pusher_instances, instance);
  mortise::stats::pushers.wanted = true;
  mortise::stats::run_if_wanted();
  return instance;
}

}  // extern "C"
