#include "mule_process.h"

#include <uwsgi.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "each_plugin.h"
#include "roster.h"

namespace mortise::mules {

namespace {

// Room for a message where mule-msg-recv-size says nothing.
constexpr size_t kMessageBytes = 64 * 1024;

uwsgi_mule &self() {
  return uwsgi.mules[uwsgi.muleid - 1];
}

template <typename Call>
void for_each_plugin(Call call) {
  mortise::for_each_plugin(("mule " + std::to_string(uwsgi.muleid)).c_str(), call);
}

void become_mule(int id) {
  uwsgi.muleid = id;
  uwsgi.mypid = getpid();
  uwsgi_mule &mule = self();
  mule.pid = uwsgi.mypid;
  mule.last_spawn = uwsgi_now();
  mule.harakiri = mule.user_harakiri = 0;
  ++mule.respawn_count;
  uwsgi.signal_socket = uwsgi.shared->mule_signal_pipe[1];
  uwsgi.my_signal_socket = mule.signal_pipe[1];
  for (uwsgi_plugin *plugin : uwsgi.p)
    if (plugin->master_fixup) plugin->master_fixup(1);
  for_each_plugin([](uwsgi_plugin *plugin) {
    if (plugin->post_fork) plugin->post_fork();
  });
}

// Its own, where that is shorter than what the master gives it.
void limit_time_to_stop() {
  if (options.reload_mercy <= 0) return;
  std::thread([] {
    pollfd stop = {uwsgi_stop_fd(), POLLIN, 0};
    while (poll(&stop, 1, -1) < 0) {
    }
    std::this_thread::sleep_for(std::chrono::seconds(options.reload_mercy));
    uwsgi_log("mule %d has not stopped within %d s: killed (mule-reload-mercy)\n", uwsgi.muleid,
              options.reload_mercy);
    kill(getpid(), SIGKILL);
  }).detach();
}

// A program of its own has no place where it would notice that it is to stop.
void end_when_told() {
  std::thread([] {
    pollfd stop = {uwsgi_stop_fd(), POLLIN, 0};
    while (poll(&stop, 1, -1) < 0) {
    }
    uwsgi_exit(0);
  }).detach();
}

bool run_patch(char *patch) {
  bool done = false;
  end_when_told();
  for_each_plugin([&](uwsgi_plugin *plugin) {
    if (!done && plugin->mule) done = plugin->mule(patch) == 1;
  });
  return done;
}

void hand_out(char *message, size_t len) {
  if (uwsgi.harakiri_options.mules > 0) self().harakiri = uwsgi_now() + uwsgi.harakiri_options.mules;
  bool taken = false;
  for_each_plugin([&](uwsgi_plugin *plugin) {
    if (!taken && plugin->mule_msg) taken = plugin->mule_msg(message, len) != 0;
  });
  self().harakiri = 0;
  if (!taken)
    uwsgi_log("mule %d: nobody takes a message of %zu bytes (uwsgi.mule_msg_hook in Python)\n", uwsgi.muleid,
              len);
}

void wait_for_messages() {
  std::vector<char> message(uwsgi.mule_msg_recv_size ? uwsgi.mule_msg_recv_size : kMessageBytes);
  while (!uwsgi_stopping()) {
    const ssize_t len = uwsgi_mule_get_msg(1, 1, message.data(), message.size(), -1);
    if (len > 0) hand_out(message.data(), static_cast<size_t>(len));
  }
}

// What a mule waits for; the signals' descriptors come last.
struct Sources {
  std::vector<pollfd> fds;
  size_t first_signal = 0;
};

Sources sources(bool signals, bool farms) {
  Sources all;
  const auto add = [&](int fd) { all.fds.push_back({fd, POLLIN, 0}); };
  add(uwsgi_stop_fd());
  add(self().queue_pipe[1]);
  add(uwsgi.shared->mule_queue_pipe[1]);
  for (int i = 0; farms && i < uwsgi.farms_cnt; ++i)
    if (uwsgi_farm_has_mule(&uwsgi.farms[i], uwsgi.muleid)) add(uwsgi.farms[i].queue_pipe[1]);
  all.first_signal = all.fds.size();
  if (!signals) return all;
  add(uwsgi.signal_socket);
  add(uwsgi.my_signal_socket);
  for (int i = 0; i < uwsgi.farms_cnt; ++i)
    if (uwsgi_farm_has_mule(&uwsgi.farms[i], uwsgi.muleid)) add(uwsgi.farms[i].signal_pipe[1]);
  return all;
}

}  // namespace

void run_mule(int id, void *) {
  become_mule(id);
  limit_time_to_stop();
  uwsgi_process_ready();
  char *patch = self().patch;
  if (!patch) return wait_for_messages();
  if (!run_patch(patch))
    uwsgi_log(
        "mule %d: no plugin runs '%s' (a .py file or module:function for Python, function() for symcall)\n",
        id, patch);
}

void check_deadlines() {
  const time_t now = uwsgi_now();
  for (int i = 0; i < uwsgi.mules_cnt; ++i) {
    uwsgi_mule &mule = uwsgi.mules[i];
    const bool overdue =
        (mule.harakiri && now > mule.harakiri) || (mule.user_harakiri && now > mule.user_harakiri);
    if (!overdue || mule.pid <= 0) continue;
    uwsgi_log("mule %d (pid %d) is overdue: killed\n", mule.id, static_cast<int>(mule.pid));
    mule.harakiri = mule.user_harakiri = 0;
    kill(mule.pid, SIGKILL);
  }
}

}  // namespace mortise::mules

using namespace mortise::mules;

extern "C" ssize_t uwsgi_mule_get_msg(int manage_signals, int manage_farms, char *message, size_t size,
                                      int timeout) {
  if (uwsgi.muleid == 0) return -1;
  Sources wanted = sources(manage_signals, manage_farms);
  const uint64_t until =
      uwsgi_monotonic_micros() + static_cast<uint64_t>(timeout > 0 ? timeout : 0) * 1000000;
  for (;;) {
    const uint64_t now = uwsgi_monotonic_micros();
    const int left_ms = timeout < 0 ? -1 : until > now ? static_cast<int>((until - now) / 1000 + 1) : 0;
    const int ready = poll(wanted.fds.data(), wanted.fds.size(), left_ms);
    if (ready < 0 && errno != EINTR) return -1;
    if (wanted.fds[0].revents || uwsgi_stopping()) return -1;
    for (size_t i = 1; ready > 0 && i < wanted.first_signal; ++i) {
      if (!wanted.fds[i].revents) continue;
      const ssize_t got = recv(wanted.fds[i].fd, message, size, MSG_DONTWAIT | MSG_TRUNC);
      if (got > static_cast<ssize_t>(size)) {
        uwsgi_log("mule %d: a message of %zd bytes is cut to %zu (raise mule-msg-recv-size)\n", uwsgi.muleid,
                  got, size);
        return static_cast<ssize_t>(size);
      }
      if (got > 0) return got;  // else another mule was faster
    }
    for (size_t i = wanted.first_signal; ready > 0 && i < wanted.fds.size(); ++i)
      if (wanted.fds[i].revents) uwsgi_receive_signal(wanted.fds[i].fd, "mule", uwsgi.muleid);
    if (ready == 0 && timeout >= 0) return 0;
  }
}
