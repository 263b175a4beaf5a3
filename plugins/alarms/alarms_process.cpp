#include "alarms_process.h"

#include <uwsgi.h>

#include <string>
#include <vector>

#include "built_in_alarms.h"
#include "channel.h"
#include "fd_alarms.h"
#include "options.h"
#include "registry.h"

namespace mortise::alarms {

namespace {

constexpr int kReapMs = 200;   // while commands run
constexpr int kTurnMs = 1000;  // for what was lost
constexpr useconds_t kThreadPollUs = 1000;
constexpr int kThreadPolls = 2000;

void raise(const char *name, char *message, size_t len) {
  uwsgi_alarm_instance *instance = find_instance(name);
  if (!instance || is_repeated(*instance, {message, len}, uwsgi_now(), options().freq_s)) return;
  instance->alarm->func(instance, message, len);
}

int thread_count() {
  int count = 0;
  if (DIR *tasks = opendir("/proc/self/task")) {
    while (const dirent *entry = readdir(tasks)) count += entry->d_name[0] != '.';
    closedir(tasks);
  }
  return count;
}

// Some kinds prepare themselves in a thread of their own that sets data_ptr, and rely on it in their
// function.
void init_instance(uwsgi_alarm_instance &instance) {
  const int before = thread_count();
  if (instance.alarm->init) instance.alarm->init(&instance);
  if (thread_count() == before) return;
  for (int i = 0; i < kThreadPolls && !__atomic_load_n(&instance.data_ptr, __ATOMIC_ACQUIRE); ++i)
    usleep(kThreadPollUs);
}

void drain_channel() {
  Channel::Letter letter;
  while (channel().read(letter)) {
    const std::string name(letter.alarm);
    std::string message(letter.message);  // functions get a text that they may change, and a NUL behind it
    raise(name.c_str(), message.data(), message.size());
  }
  if (const uint64_t lost = channel().take_lost())
    uwsgi_log_alarm("] %llu alarms were lost: they came faster than they could be dealt with\n",
                    static_cast<unsigned long long>(lost));
}

}  // namespace

void run_alarms(int, void *) {
  for (uwsgi_alarm_instance *instance = first_instance(); instance; instance = instance->next)
    init_instance(*instance);
  uwsgi_process_ready();
  std::vector<pollfd> waiting;
  do {
    waiting = {{uwsgi_stop_fd(), POLLIN, 0}, {channel().fd(), POLLIN, 0}};
    for (uwsgi_alarm_fd *one = first_alarm_fd(); one; one = one->next)
      waiting.push_back({one->fd, POLLIN, 0});
    poll(waiting.data(), waiting.size(), reap_commands() ? kReapMs : kTurnMs);
    size_t i = 2;
    for (uwsgi_alarm_fd *one = first_alarm_fd(); one; one = one->next, ++i)
      if (waiting[i].revents) read_alarm_fd(*one, raise);
    drain_channel();
  } while (!waiting[0].revents);
  drain_channel();  // what the last workers said
}

}  // namespace mortise::alarms
